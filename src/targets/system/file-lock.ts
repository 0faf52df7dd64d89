import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Owner } from '../../domain/effect.ts'
import { CutterError } from '../../domain/errors.ts'
import { isOwnerAlive, thisProcess } from './process-identity.ts'

/**
 * A lock between processes of one host: a file that names its owner. The file is linked with its content, so that nobody reads a
 * partial owner. The lock of a dead owner is removed under a second lock, the guard. Without the guard, of two processes that saw
 * the same dead owner, the slower one would remove the lock that the faster one has just taken.
 */

const POLL_MS = 10
/** A guard is held for microseconds. An older one was left by a process that died while holding it. */
const GUARD_STALE_MS = 10_000
/** Longer than any owner holds the lock. It matters only for an owner of whom nobody knows whether it still runs. */
const UNKNOWN_OWNER_MS = 10 * 60_000

/**
 * Runs `work` while holding the lock. Waits for a running owner at most `waitMs` milliseconds.
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

/** Takes the lock if it is free or its owner is dead. Returns whether it did. */
export function tryLock(file: string): boolean {
  if (createLockFile(file)) return true
  return isAbandoned(file) && breakLock(file) && createLockFile(file)
}

/** Releases a lock that this process holds. It removes the file without a check of its owner. */
export function unlock(file: string): void {
  rmSync(file, { force: true })
}

/** Returns true if this process created the file, false if it existed. */
function createLockFile(file: string): boolean {
  const draft = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`
  try {
    writeFileSync(draft, JSON.stringify(thisProcess()))
    linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw unwritableLockError(file, error as Error)
  } finally {
    rmSync(draft, { force: true })
  }
}

function isAbandoned(file: string): boolean {
  const owner = ownerOf(file)
  if (owner === null) return false
  const alive = isOwnerAlive(owner)
  return alive === 'unknown' ? age(file) > UNKNOWN_OWNER_MS : !alive
}

/** Returns true if the lock was removed, by this process or by another. */
function breakLock(file: string): boolean {
  const guard = `${file}.guard`
  if (age(guard) > GUARD_STALE_MS) rmSync(guard, { force: true })
  if (!createLockFile(guard)) return false
  try {
    if (isAbandoned(file)) rmSync(file, { force: true })
    return true
  } finally {
    rmSync(guard, { force: true })
  }
}

function ownerOf(file: string): Owner | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner
  } catch {
    return null
  }
}

function age(file: string): number {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat === undefined ? 0 : Date.now() - stat.mtimeMs
}

function unwritableLockError(file: string, error: Error): CutterError {
  return new CutterError('STORE_UNWRITABLE', `the lock ${file} can't be taken: ${error.message}`, {
    next: 'make its folder writable for the user who runs cutter, or run cutter as the user who made it',
    data: { lock: file },
    cause: error,
  })
}

function heldLockError(file: string): CutterError {
  const owner = ownerOf(file)
  const who = owner === null ? 'another process' : `process ${owner.pid} on ${owner.host}`
  return new CutterError('TARGET_UNREACHABLE', `${who} holds the lock ${file}; nothing was changed`, {
    next: `wait for it, or remove the file once you are sure that ${who} no longer runs`,
    data: { lock: file, pid: owner?.pid ?? null, host: owner?.host ?? null },
  })
}
