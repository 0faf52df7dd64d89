import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from 'better-sqlite3'
import { connect } from '../../locks/connect.ts'
import { migrate, missingMigrations } from './migrate.ts'
import { offerPackedTexts } from './packed-text.ts'

/**
 * Opens a store that can't be written, for reading: on a full or read-only disk, or as a user without the right to write. SQLite refuses a
 * write to it.
 * @throws the error of SQLite or of the system when it can't be read either
 */
export function openForReading(file: string, migrationsDirectory: string): Database {
  return openInPlace(file, migrationsDirectory) ?? openCopy(file, migrationsDirectory)
}

/** SQLite reads a store in WAL mode in its place only where its index exists or can be made. */
function openInPlace(file: string, migrationsDirectory: string): Database | null {
  const db = connect(file, { readonly: true })
  offerPackedTexts(db)
  try {
    if (missingMigrations(db, file, migrationsDirectory).length === 0) return db
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (typeof code !== 'string' || !code.startsWith('SQLITE_')) {
      db.close()
      throw error
    }
  }
  db.close()
  return null
}

/** Opens a copy that has no name any more, so that it ends with this process. */
function openCopy(file: string, migrationsDirectory: string): Database {
  const folder = copyStore(file)
  try {
    const copy = join(folder, 'copy.db')
    const db = connect(copy)
    offerPackedTexts(db)
    // Takes in the WAL, after which the copy is a single file.
    db.pragma('journal_mode = delete')
    const migrations = missingMigrations(db, file, migrationsDirectory)
    if (migrations.length > 0) migrate(db, copy, migrations)
    db.pragma('query_only = on')
    return db
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Copies a store and its WAL into a folder that only this user can enter. The usual place may be on the full disk too. */
function copyStore(file: string): string {
  let failure: unknown
  for (const place of [tmpdir(), '/dev/shm']) {
    let folder: string | null = null
    try {
      folder = mkdtempSync(join(place, 'cutter-store-'))
      for (const suffix of ['', '-wal']) {
        if (!existsSync(`${file}${suffix}`)) continue
        const copy = join(folder, `copy.db${suffix}`)
        copyFileSync(`${file}${suffix}`, copy)
        chmodSync(copy, 0o600)
      }
      return folder
    } catch (error) {
      failure ??= error
      if (folder !== null) rmSync(folder, { recursive: true, force: true })
    }
  }
  throw failure
}
