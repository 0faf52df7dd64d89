import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { CutterError } from '../domain/errors.ts'
import { releaseLock, takeLock } from './exclusive-lock.ts'

/** Locks around a piece of work. A note next to the file names the holder for people. Nothing is decided by it. */

const POLL_MS = 10

/**
 * Runs `work` while holding the lock. Waits for another holder at most `waitMs` milliseconds.
 * @throws TARGET_UNREACHABLE when another process still holds the lock
 * @throws STORE_UNWRITABLE when the folder is not writable
 */
export async function withLock<T>(file: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  const until = Date.now() + waitMs
  while (!tryLock(file)) {
    if (Date.now() > until) throw heldLockError(file)
    await sleep(POLL_MS)
  }
  try {
    return await work()
  } finally {
    unlock(file)
  }
}

/**
 * Takes the lock if it is free. Returns whether it did.
 * @throws STORE_UNWRITABLE when the folder is not writable
 */
export function tryLock(file: string): boolean {
  try {
    if (!takeLock(file)) return false
  } catch (error) {
    throw unwritableLockError(file, error as Error)
  }
  writeNote(file)
  return true
}

/** Releases a lock that this process holds. The empty file stays. */
export function unlock(file: string): void {
  rmSync(noteOf(file), { force: true })
  releaseLock(file)
}

interface Holder {
  host: string
  pid: number
}

const noteOf = (file: string) => `${file}.holder`

function writeNote(file: string): void {
  try {
    writeFileSync(noteOf(file), JSON.stringify({ host: hostname(), pid: process.pid }))
  } catch {
    // On a full disk the lock holds without a note.
  }
}

/** Reads which process holds a lock, as it noted itself; null when it noted nothing. For messages only. */
export function readHolder(file: string): Holder | null {
  try {
    return JSON.parse(readFileSync(noteOf(file), 'utf8')) as Holder
  } catch {
    return null
  }
}

function unwritableLockError(file: string, error: Error): CutterError {
  return new CutterError('STORE_UNWRITABLE', `the lock ${file} can't be taken: ${error.message}`, {
    next: 'make its folder writable for the user who runs cutter, or run cutter as the user who made it',
    data: { lock: file },
    cause: error,
  })
}

function heldLockError(file: string): CutterError {
  const holder = readHolder(file)
  const who = holder === null ? 'another process' : `process ${holder.pid} on ${holder.host}`
  return new CutterError('TARGET_UNREACHABLE', `${who} holds the lock ${file}; nothing was changed`, {
    next: 'wait for its end, and run the command again; the lock is free as soon as its process has ended',
    data: { lock: file, pid: holder?.pid ?? null, host: holder?.host ?? null },
  })
}
