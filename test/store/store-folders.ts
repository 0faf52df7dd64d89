import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Database } from 'better-sqlite3'
import { connect } from '../../src/locks/connect.ts'
import { offerPackedTexts } from '../../src/store/sqlite/packed-text.ts'

/** Real files in folders of their own, gone after the tests. */

export const migrationsDirectory = resolve(import.meta.dirname, '../../migrations/store/sqlite')

const folders: string[] = []

export function aFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-store-')))
  chmodSync(folder, 0o755)
  folders.push(folder)
  return folder
}

/** Options for a store whose file does not exist yet. */
export const aStoreFile = () => ({ file: join(aFolder(), 'cutter.db'), migrationsDirectory })

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** Runs SQL on a file without a store. */
export function withDatabase<Result>(file: string, work: (db: Database) => Result): Result {
  const db = connect(file)
  try {
    db.pragma('foreign_keys = on')
    offerPackedTexts(db)
    return work(db)
  } finally {
    db.close()
  }
}
