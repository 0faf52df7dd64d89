import Database from 'better-sqlite3'

/** The disk of a simulated world: connections to one database in memory, which begins as a copy of an empty store. */

let bytes: Buffer | null = null

/** What the next connection finds. Null: an empty file. */
export function setDisk(content: Buffer | null): void {
  bytes = content
}

let newest: Database.Database | null = null

/** The database of the connection that was opened last. */
export const openedDatabase = (): Database.Database => newest!

/** What src/locks/connect.ts is for the sources. */
export function connect(_file: string, _options: object): Database.Database {
  newest = bytes === null ? new Database(':memory:') : new Database(bytes)
  return newest
}
