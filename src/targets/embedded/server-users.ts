import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Owner } from '../../domain/effect.ts'
import { isOwnerAlive, thisProcess } from '../system/process-identity.ts'

/**
 * The users of the embedded server: a file for each opening, which names its process. All calls happen under the lock of the
 * server, so an unreadable file was left by a process that died while writing it.
 */

/** Records that this process uses the server, and returns the path of the record. */
export function addServerUser(folder: string): string {
  const record = join(folder, `${process.pid}-${randomBytes(6).toString('hex')}`)
  writeFileSync(record, JSON.stringify(thisProcess()))
  return record
}

/** Removes the record of a user. */
export function removeServerUser(record: string): void {
  rmSync(record, { force: true })
}

/** Removes the records of dead processes, and returns whether a user remains. */
export function hasServerUsers(folder: string): boolean {
  let remains = false
  for (const name of readdirSync(folder)) {
    const record = join(folder, name)
    if (isRunning(record)) remains = true
    else rmSync(record, { force: true })
  }
  return remains
}

function isRunning(record: string): boolean {
  try {
    const owner = JSON.parse(readFileSync(record, 'utf8')) as Owner
    // The server listens on the loopback of this host only, so a record of another host is of an earlier container or machine.
    return owner.host === thisProcess().host && isOwnerAlive(owner) !== false
  } catch {
    return false
  }
}
