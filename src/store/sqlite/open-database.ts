import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Database } from 'better-sqlite3'
import { CutterError } from '../../domain/errors.ts'
import { connect } from '../../locks/connect.ts'
import { assertOwnJournal, nameStore } from './check-journal.ts'
import { migrate, missingMigrations } from './migrate.ts'
import { openForReading } from './open-for-reading.ts'
import { offerPackedTexts } from './packed-text.ts'
import { toStoreError, unwritableStoreError } from './store-errors.ts'

export interface OpenOptions {
  file: string
  /** The folder `migrations/store/sqlite`. */
  migrationsDirectory: string
  /** The built file of writer-thread.ts. Without it the caller's thread saves everything. */
  writerThread?: string
}

/** How long a statement waits for a busy file. */
const BUSY_MS = 5_000

/**
 * Opens the file of a store. Creates it when it does not exist, and applies missing migrations. A store that can't be written is opened for
 * reading; a later write to it is refused with STORE_UNWRITABLE.
 *
 * @throws STORE_UNWRITABLE, STORE_CORRUPT or STORE_NEWER, each before anything was changed.
 */
export function openDatabase(options: OpenOptions): Database {
  assertOwnJournal(options.file)
  try {
    return openForWriting(options)
  } catch (error) {
    const { file, migrationsDirectory } = options
    if (!(error instanceof CutterError) || error.code !== 'STORE_UNWRITABLE') throw error
    if (!hasContent(file)) throw error
    try {
      return openForReading(file, migrationsDirectory)
    } catch (unreadable) {
      throw unreadable instanceof CutterError ? unreadable : error
    }
  }
}

/** A store that could not be created is an empty file, or none. */
function hasContent(file: string): boolean {
  try {
    const stat = statSync(file)
    return stat.isFile() && stat.size > 0
  } catch {
    return false
  }
}

function openForWriting({ file, migrationsDirectory }: OpenOptions): Database {
  prepareFolder(file)
  try {
    const db = connect(file, { timeout: BUSY_MS })
    try {
      const migrations = missingMigrations(db, file, migrationsDirectory)
      nameStore(db)
      offerPackedTexts(db)
      useWal(db)
      db.pragma('synchronous = full')
      db.pragma('foreign_keys = on')
      db.pragma('trusted_schema = off')
      // Makes the triggers that forbid deleting run for `insert or replace` too.
      db.pragma('recursive_triggers = on')
      db.pragma('cache_size = -8192')
      if (migrations.length > 0) migrate(db, file, migrations)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  } catch (error) {
    throw toStoreError(error, file)
  }
}

function prepareFolder(file: string): void {
  const folder = dirname(file)
  try {
    // Other users may enter the folder, because the embedded server may run as another user. Only the owner may read the file.
    makeFolder(folder)
    if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
    accessSync(file, constants.W_OK)
    accessSync(folder, constants.W_OK)
  } catch (cause) {
    throw unwritableStoreError(file, cause)
  }
}

/**
 * Sets WAL mode and repeats that while the file is busy. Changing the mode of a new file needs the file alone, and SQLite does not
 * wait for that as it waits for a transaction: where several processes open a new file at once, it answers SQLITE_BUSY to all but one.
 */
function useWal(db: Database): void {
  const deadline = Date.now() + BUSY_MS
  for (;;) {
    try {
      db.pragma('journal_mode = wal')
      return
    } catch (error) {
      const isBusy = String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')
      if (!isBusy || Date.now() > deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}

/** Makes one folder after another. Node's own recursion never ends where the system answers ENOENT, as in /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o711 })
  } catch (error) {
    // Another process may have made it first.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
