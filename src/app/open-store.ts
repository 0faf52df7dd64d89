import { join } from 'node:path'
import type { BatchingStore } from '../store/run-store.ts'
import { openRunStore } from '../store/sqlite/open-run-store.ts'
import { migrationsDirectory, writerThreadFile } from './package-paths.ts'

/** Returns the path of a home's store. */
export const storeFile = (home: string) => join(home, 'var', 'cutter.db')

/**
 * Opens the store of a home, and creates it if there is none.
 * @throws STORE_NEWER, STORE_CORRUPT, STORE_UNWRITABLE
 */
export function openStore(home: string): BatchingStore {
  return openRunStore({
    file: storeFile(home),
    migrationsDirectory: migrationsDirectory('store/sqlite'),
    writerThread: writerThreadFile(),
  })
}
