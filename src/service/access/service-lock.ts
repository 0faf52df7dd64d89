import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CutterError } from '../../domain/errors.ts'
import { readHolder, tryLock, unlock } from '../../locks/with-lock.ts'

/** The files of a home that say that a service works on it. */
export const serviceFiles = (folder: string) => ({
  lock: join(folder, 'var', 'service.lock'),
  address: join(folder, 'var', 'service.json'),
})

/**
 * Checks that no service works on a home.
 * @param done what was not done, as the end of "nothing was …"
 * @throws SERVICE_RUNNING
 */
export function assertServiceStopped(folder: string, done: string): void {
  const { lock } = serviceFiles(folder)
  if (!existsSync(lock)) return
  if (!tryLock(lock)) throw serviceRunningError(folder, done)
  unlock(lock)
}

/** The error of somebody who needs a home in which no service works. */
export function serviceRunningError(folder: string, done: string): CutterError {
  const files = serviceFiles(folder)
  const pid = readHolder(files.lock)?.pid ?? null
  const url = readUrl(files.address)
  const where = url === null ? '' : ` at ${url}`
  const next = done === 'started' ? 'use that one, or end it' : 'end it first'
  return new CutterError(
    'SERVICE_RUNNING',
    `process ${pid ?? 'unknown'} serves ${folder} already${where}; nothing was ${done}`,
    { next: pid === null ? next : `${next}: kill ${pid}`, data: { pid, url } },
  )
}

function readUrl(file: string): string | null {
  try {
    const { url } = JSON.parse(readFileSync(file, 'utf8'))
    return typeof url === 'string' ? url : null
  } catch {
    return null
  }
}
