import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Owner } from '../../domain/effect.ts'
import { CutterError } from '../../domain/errors.ts'
import { isOwnerAlive, thisProcess } from './process-identity.ts'

/**
 * A lock between processes of one host: a file that names its owner. It is linked into place with its content, so
 * nobody ever reads half an owner. The lock of a dead owner is broken under a second lock, the guard: without it, of
 * two that saw the same dead owner the slower one would remove the lock that the faster one just took.
 */

const POLL_MS = 10
/** A guard is held for microseconds: an older one was left by a process that died right there. */
const GUARD_STALE_MS = 10_000
/** No holder needs as long; counts only where nobody can be asked whether the owner lives. */
const UNKNOWN_OWNER_MS = 10 * 60_000

/** Runs `work` while holding the lock; waits for a living owner, at most `waitMs`. */
export async function withLock<T>(file: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  const until = Date.now() + waitMs
  while (!tryLock(file)) {
    if (Date.now() > until) throw heldByAnother(file)
    await sleep(POLL_MS)
  }
  try {
    return await work()
  } finally {
    unlock(file)
  }
}

/** Takes the lock if it is free or its owner is dead. */
export function tryLock(file: string): boolean {
  if (place(file)) return true
  return isAbandoned(file) && breakLock(file) && place(file)
}

export function unlock(file: string): void {
  rmSync(file, { force: true })
}

/** True when this process made the file, false when it was there already. */
function place(file: string): boolean {
  const draft = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`
  try {
    writeFileSync(draft, JSON.stringify(thisProcess()))
    linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw unwritable(file, error as Error)
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

/** True when the lock was removed, or when another has just done so. */
function breakLock(file: string): boolean {
  const guard = `${file}.guard`
  if (age(guard) > GUARD_STALE_MS) rmSync(guard, { force: true })
  if (!place(guard)) return false
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

function unwritable(file: string, error: Error): CutterError {
  return new CutterError('STORE_UNWRITABLE', `the lock ${file} can't be taken: ${error.message}`, {
    next: 'make its folder writable for the user who runs cutter, or run cutter as the user who made it',
    data: { lock: file },
    cause: error,
  })
}

function heldByAnother(file: string): CutterError {
  const owner = ownerOf(file)
  const who = owner === null ? 'another process' : `process ${owner.pid} on ${owner.host}`
  return new CutterError('TARGET_UNREACHABLE', `${who} holds the lock ${file}; nothing was touched`, {
    next: `wait for it, or remove the file once you are sure that ${who} no longer runs`,
    data: { lock: file, pid: owner?.pid ?? null, host: owner?.host ?? null },
  })
}
