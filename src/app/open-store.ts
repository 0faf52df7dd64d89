import { join } from 'node:path'
import { readStoreSetting } from '../config/load-config.ts'
import type { BatchingStore } from '../store/run-store.ts'
import { openRunStore } from '../store/sqlite/open-run-store.ts'
import { deferStore } from './defer-store.ts'
import { assertNotMoved } from './moved-store.ts'
import { migrationsDirectory, writerThreadFile } from './package-paths.ts'

/** Returns the path of a home's store. */
export const storeFile = (home: string) => join(home, 'var', 'cutter.db')

/**
 * Opens the store of a home, and creates it if there is none. A store in PostgreSQL is opened when it is first used.
 * @throws STORE_NEWER, STORE_CORRUPT, STORE_UNWRITABLE, CONFIG_INVALID when its runs moved to another one
 */
export function openStore(home: string, env: NodeJS.ProcessEnv = process.env): BatchingStore {
  const readSetting = readStoreSetting(home)
  if (readSetting === undefined) return openFile(home)
  return deferStore(async () => {
    const setting = await readSetting()
    if (setting === undefined) return openFile(home)
    assertNotMoved(home, 'database')
    const { openDatabaseStore } = await import('./open-database-store.ts')
    return openDatabaseStore(setting, env)
  })
}

function openFile(home: string): BatchingStore {
  assertNotMoved(home, 'file')
  return openRunStore({
    file: storeFile(home),
    migrationsDirectory: migrationsDirectory('store/sqlite'),
    writerThread: writerThreadFile(),
  })
}
