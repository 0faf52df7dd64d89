import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Owner } from '../../domain/effect.ts'
import { isOwnerAlive, thisProcess } from '../system/process-identity.ts'

/**
 * Who uses the embedded server: one small file for each opening, naming its process. All of this happens under the
 * lock of the place, so a file that can't be read was torn by a process that died.
 */

/** Writes down that this process uses the server; gives the row's path. */
export function addServerUser(folder: string): string {
  const row = join(folder, `${process.pid}-${randomBytes(6).toString('hex')}`)
  writeFileSync(row, JSON.stringify(thisProcess()))
  return row
}

export function removeServerUser(row: string): void {
  rmSync(row, { force: true })
}

/** Removes the rows of the dead and tells whether anyone is left. */
export function hasServerUsers(folder: string): boolean {
  let left = false
  for (const name of readdirSync(folder)) {
    const row = join(folder, name)
    if (isLiving(row)) left = true
    else rmSync(row, { force: true })
  }
  return left
}

function isLiving(row: string): boolean {
  try {
    const owner = JSON.parse(readFileSync(row, 'utf8')) as Owner
    // The server listens on this host's loopback alone: a row from another host is of a container or machine gone by.
    return owner.host === thisProcess().host && isOwnerAlive(owner) !== false
  } catch {
    return false
  }
}
