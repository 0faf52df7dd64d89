import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Database } from 'better-sqlite3'
import { CutterError } from '../../domain/errors.ts'
import { connect } from './connect.ts'

export interface OpenOptions {
  file: string
  /** `migrations/store`: files `NNNN_name.sql`, applied in order, each once, forward only. */
  migrationsDirectory: string
  /** The built file of writer-thread.ts; without it everything is saved on the caller's thread. */
  writerThread?: string
}

/** How long a busy file is waited for. */
const BUSY_MS = 5_000

/**
 * Opens the store's file, making it and bringing it up to date where needed. Throws STORE_UNWRITABLE, STORE_CORRUPT or
 * STORE_NEWER, each before anything was changed.
 */
export function openDatabase({ file, migrationsDirectory }: OpenOptions): Database {
  prepareFolder(file)
  try {
    const db = connect(file, { timeout: BUSY_MS })
    try {
      const migrations = missingMigrations(db, { file, migrationsDirectory })
      useWal(db)
      db.pragma('synchronous = full')
      db.pragma('foreign_keys = on')
      db.pragma('trusted_schema = off')
      // So that `insert or replace` meets the triggers that forbid deleting.
      db.pragma('recursive_triggers = on')
      db.pragma('cache_size = -32768')
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
    // Others may pass through (the embedded server may run as another user) and see nothing; the file itself is ours alone.
    makeFolder(folder)
    if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
    accessSync(file, constants.W_OK)
    accessSync(folder, constants.W_OK)
  } catch (cause) {
    throw unwritable(file, cause)
  }
}

/**
 * Turning a new file to WAL takes it alone, and SQLite does not wait for that as it does for a transaction: where several processes
 * open a new file at once, all but one are told that it is busy, and ask again.
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

const versionOf = (db: Database) => db.pragma('user_version', { simple: true }) as number

/** Folder by folder: Node's own recursion never ends where the system answers ENOENT to making one, as in /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o711 })
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** In one transaction, since another process may be making the file at this very moment. */
const look = (db: Database) =>
  db.transaction(() => ({
    version: versionOf(db),
    empty: db.prepare('select 1 from sqlite_schema limit 1').get() === undefined,
  }))()

/** Paths of the migrations that the file still lacks, in order. Only reads, so that a newer file stays as it is. */
function missingMigrations(db: Database, { file, migrationsDirectory }: OpenOptions): string[] {
  const names = readdirSync(migrationsDirectory).filter((name) => /^\d{4}_.+\.sql$/.test(name))
  const newest = Math.max(...names.map(numberOf))
  const { version, empty } = look(db)
  if (version > newest) {
    throw new CutterError(
      'STORE_NEWER',
      `${file} was written by a newer Cutter (store version ${version}, this one knows ${newest}); nothing was touched`,
      {
        next: 'use the newer Cutter, or point --home at another folder',
      },
    )
  }
  if (version === 0 && !empty) {
    throw new CutterError('STORE_CORRUPT', `${file} is another program’s database; nothing was touched`, {
      next: 'point --home at another folder',
    })
  }
  const missing = names.filter((name) => numberOf(name) > version).sort()
  return missing.map((name) => join(migrationsDirectory, name))
}

function migrate(db: Database, file: string, migrations: string[]): void {
  db.transaction(() => {
    // Another process may have migrated between our look and our lock.
    const version = versionOf(db)
    const missing = migrations.filter((path) => numberOf(basename(path)) > version)
    if (version > 0 && missing.length > 0) backup(file, version)
    for (const path of missing) {
      db.exec(readFileSync(path, 'utf8'))
      db.pragma(`user_version = ${numberOf(basename(path))}`)
    }
  }).immediate()
}

/** Made under the migration's lock by a connection of its own: whole, and of exactly what is migrated then. */
const backup = (file: string, version: number) =>
  copyDatabase(file, `${file}.before-migration-from-${version}`)

/** Copies a file's database as it is at one moment, whoever works with it, to where nothing is yet or what is there may go. */
export function copyDatabase(file: string, copy: string): void {
  const unfinished = `${copy}.unfinished`
  writeFileSync(unfinished, '', { mode: 0o600 })
  const reader = connect(file, { readonly: true })
  try {
    reader.prepare('vacuum into ?').run(unfinished)
  } finally {
    reader.close()
  }
  renameSync(unfinished, copy)
}

const numberOf = (name: string) => Number(name.slice(0, 4))

/** Gives SQLite's own failures a name of ours, with what was touched and what next. */
export function toStoreError(error: unknown, file: string): unknown {
  if (error instanceof CutterError) return error
  const code = (error as { code?: unknown }).code
  if (typeof code !== 'string') return error
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new CutterError(
      'STORE_CORRUPT',
      `${file} is not a store that can be read (${(error as Error).message}); nothing was changed`,
      {
        next: 'put a backup of the file in its place; keep the broken one for a look',
        cause: error,
      },
    )
  }
  if (/^SQLITE_(READONLY|CANTOPEN|FULL|IOERR|PERM)/.test(code)) return unwritable(file, error)
  if (code.startsWith('SQLITE_BUSY')) {
    return new CutterError('STORE_CONFLICT', `${file} is busy: another process kept it locked for over 5 s`, {
      next: 'try again',
      cause: error,
    })
  }
  if (code.startsWith('SQLITE_CONSTRAINT')) {
    return new CutterError(
      'INTERNAL',
      `the store refuses what it was given: ${(error as Error).message}; nothing was saved`,
      {
        cause: error,
      },
    )
  }
  return error
}

function unwritable(file: string, cause: unknown): CutterError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new CutterError('STORE_UNWRITABLE', `can't write ${file}: ${why}; nothing was saved`, {
    next: 'check the folder’s owner, mode and free space, or name another with --home',
    cause,
  })
}
