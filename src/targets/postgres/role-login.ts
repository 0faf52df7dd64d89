import { createHash, createHmac, randomBytes } from 'node:crypto'
import { readConnectionString, writeConnectionString } from './connection-string.ts'
import { withoutSettings } from './session-options.ts'

const digestOf = (database: string) => createHash('sha256').update(database).digest('hex').slice(0, 24)

/** The name of the role that restores a backup into a rehearsal database. */
export const restoreRoleOf = (database: string): string => `cutter_restore_${digestOf(database)}`

/** The name of the role that stands for pg_read_all_data in a rehearsal database. */
export const readersRoleOf = (database: string): string => `cutter_readers_${digestOf(database)}`

/** For administrators without a password. */
const OF_THIS_PROCESS = randomBytes(32)

/**
 * The password of a role of rehearsals, derived from that of the administrator, so that every process of Cutter has the same and none
 * is stored.
 */
export function passwordOf(adminUrl: string, role: string): string {
  const { password } = readConnectionString(adminUrl)
  return createHmac('sha256', password ?? OF_THIS_PROCESS)
    .update(`cutter rehearsal ${role}`)
    .digest('base64url')
}

/**
 * The connection string of a role in a database of the administrator's server. Its sessions have the settings of that database, and none of the
 * administrator's connection string.
 */
export function urlOfRole(adminUrl: string, role: string, database: string): string {
  const password = passwordOf(adminUrl, role)
  const given = readConnectionString(adminUrl)
  const parameters = withoutSettings(given.parameters)
  return writeConnectionString({ ...given, user: role, password, database, parameters })
}

/** The same login in another database of the server. */
export const urlOfDatabase = (url: string, database: string): string =>
  writeConnectionString({ ...readConnectionString(url), database })
