import { accessSync, constants, statSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { connect } from './connect.ts'

/**
 * An exclusive lock on a file, taken by SQLite. The kernel frees it when its process ends, whatever ended it, and every process of the
 * machine sees it, also from another container. Node has no such lock. The file stays empty. Never open it in another way: a process
 * that closes a file loses every lock that it has on it (fcntl(2)).
 */

interface Connection {
  db: Database
  inode: string
}

/** One connection for each file. SQLite knows its own connections of one process apart, but they are never collected. */
const connections = new Map<string, Connection>()

/**
 * Takes the lock if it is free, and creates the file if it is missing.
 * @returns false when this or another process holds it
 * @throws when the file can't be created or written
 */
export function takeLock(file: string): boolean {
  const { db, inode } = connectionOf(file)
  if (db.inTransaction) return false
  try {
    // Nothing is ever committed, so a journal would only be one more file. A held lock refuses this pragma too.
    db.exec('pragma journal_mode = memory; begin exclusive')
  } catch (error) {
    if (isBusy(error)) return false
    throw error
  }
  if (inodeOf(file) === inode) return true
  // Another process removed the file, so this lock is on a file that nobody else finds.
  releaseLock(file)
  return false
}

/** Frees the lock, if this process holds it. The file stays. */
export function releaseLock(file: string): void {
  connections.get(file)?.db.close()
  connections.delete(file)
}

/** How long a reader waits for a process that only tries the lock, in milliseconds. */
const TRIAL_MS = 50

/** Whether a process holds the lock. Writes nothing. A missing file is not locked. */
export function isLocked(file: string): boolean {
  if (connections.get(file)?.db.inTransaction) return true
  let db: Database | null = null
  try {
    db = connect(file, { readonly: true, timeout: TRIAL_MS })
    db.prepare('select 1 from sqlite_schema').get()
    return false
  } catch (error) {
    if (isBusy(error)) return true
    if (inodeOf(file) === null) return false
    throw error
  } finally {
    db?.close()
  }
}

function connectionOf(file: string): Connection {
  const known = connections.get(file)
  if (known !== undefined && (known.db.inTransaction || known.inode === inodeOf(file))) return known
  releaseLock(file)
  // SQLite opens a file that it may not write for reading, and would then lock it for reading only.
  if (inodeOf(file) !== null) accessSync(file, constants.W_OK)
  const db = connect(file, { timeout: 0 })
  const connection = { db, inode: inodeOf(file) ?? 'none' }
  connections.set(file, connection)
  return connection
}

function inodeOf(file: string): string | null {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat === undefined ? null : `${stat.dev}-${stat.ino}`
}

const isBusy = (error: unknown) => String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')
