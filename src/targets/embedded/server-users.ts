import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openOwners } from '../../locks/owners.ts'
import type { ServerLocation } from './server-location.ts'

/** The users of the embedded server: an empty file for each opening, named after its process. All calls happen under the lock of the server. */

type Place = Pick<ServerLocation, 'home' | 'users'>

/** Records that this process uses the server, and returns the path of the record. */
export function addServerUser({ home, users }: Place): string {
  const record = join(users, `${openOwners(home).self().id}-${randomBytes(6).toString('hex')}`)
  writeFileSync(record, '')
  return record
}

/** Removes the record of a user. */
export function removeServerUser(record: string): void {
  rmSync(record, { force: true })
}

/** Removes the records of dead processes, and returns whether a user remains. */
export function hasServerUsers({ home, users }: Place): boolean {
  let remains = false
  for (const name of readdirSync(users)) {
    const [id = ''] = name.split('-')
    if (openOwners(home).isAlive(id) === true) remains = true
    else removeServerUser(join(users, name))
  }
  return remains
}
