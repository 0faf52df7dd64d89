import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Database } from 'better-sqlite3'
import { CutterError } from '../../domain/errors.ts'
import { copyDatabase } from './copy-database.ts'

/**
 * Schema migrations of a store: files `NNNN_name.sql`, applied in the order of their numbers, each once, forward only. SQLite's
 * `user_version` holds the number of the last one.
 */

/**
 * Paths of the migrations that the file lacks, in their order. Only reads, so that a newer file stays as it is.
 *
 * @throws STORE_NEWER when a newer Cutter wrote the file, STORE_CORRUPT when it is the database of another program.
 */
export function missingMigrations(db: Database, file: string, folder: string): string[] {
  const names = readdirSync(folder).filter((name) => /^\d{4}_.+\.sql$/.test(name))
  const newest = Math.max(...names.map(numberOf))
  const { version, isEmpty } = readVersion(db)
  if (version > newest) {
    throw new CutterError(
      'STORE_NEWER',
      `${file} was written by a newer Cutter (store version ${version}, this one knows ${newest}); nothing was changed`,
      { next: 'use the newer Cutter, or select another folder with --home' },
    )
  }
  if (version === 0 && !isEmpty) {
    throw new CutterError(
      'STORE_CORRUPT',
      `${file} is the database of another program; nothing was changed`,
      {
        next: 'select another folder with --home',
      },
    )
  }
  const missing = names.filter((name) => numberOf(name) > version).sort()
  return missing.map((name) => join(folder, name))
}

/** Applies migrations in one transaction, after it copied a store that is not new next to itself. */
export function migrate(db: Database, file: string, migrations: string[]): void {
  db.transaction(() => {
    // Another process may have migrated between the reading of the version and this lock.
    const version = versionOf(db)
    const missing = migrations.filter((path) => numberOf(basename(path)) > version)
    // Another connection makes the copy under the lock of this transaction, so it holds exactly what is migrated.
    if (version > 0 && missing.length > 0) copyDatabase(file, `${file}.before-migration-from-${version}`)
    for (const path of missing) {
      db.exec(readFileSync(path, 'utf8'))
      db.pragma(`user_version = ${numberOf(basename(path))}`)
    }
  }).immediate()
}

/** Reads both in one transaction, because another process may be creating the file at the same time. */
const readVersion = (db: Database) =>
  db.transaction(() => ({
    version: versionOf(db),
    isEmpty: db.prepare('select 1 from sqlite_schema limit 1').get() === undefined,
  }))()

const versionOf = (db: Database) => db.pragma('user_version', { simple: true }) as number
const numberOf = (name: string) => Number(name.slice(0, 4))
