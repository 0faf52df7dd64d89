import Database from 'better-sqlite3'

/**
 * The disk of a simulated world: one database in memory, which all schedules of a process use, because opening one and preparing its statements takes
 * as long as fifty steps. Each schedule is a transaction that is never committed; each transaction of the driver nests in it.
 */

let database: Database.Database | null = null

/** What src/locks/connect.ts is for the sources. */
export function connect(_file: string, _options: object): Database.Database {
  database = new Database(':memory:')
  return database
}

/** What is on the disk now is what each schedule begins with. */
export function keepForAll(): void {
  const { exec } = database!
  // Within a transaction SQLite refuses it, and there is no disk to wait for.
  database!.exec = function (text) {
    return text.startsWith('pragma synchronous') ? this : exec.call(this, text)
  }
  database!.exec('begin; savepoint durable')
}

/** Forgets what the schedule wrote. */
export const forget = (): void => void database!.exec('rollback; begin; savepoint durable')

/** What is on the disk now survives a loss of power. */
export const harden = (): void => void database!.exec('release durable; savepoint durable')

/** Forgets what was written since the disk was hardened. */
export const losePower = (): void => void database!.exec('rollback to durable')
