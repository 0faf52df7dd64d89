import { createHash, createHmac, randomBytes } from 'node:crypto'

/** The name of the role that restores a backup into a rehearsal database. */
export const restoreRoleOf = (database: string): string =>
  `cutter_restore_${createHash('sha256').update(database).digest('hex').slice(0, 24)}`

/** For administrators without a password. */
const OF_THIS_PROCESS = randomBytes(32)

/**
 * The password of a role of rehearsals, derived from that of the administrator, so that every process of Cutter has the same and none
 * is stored.
 */
export function passwordOf(adminUrl: string, role: string): string {
  const { password, searchParams } = parseUrl(adminUrl)
  const given = password === '' ? searchParams.get('password') : password
  return createHmac('sha256', given ?? OF_THIS_PROCESS)
    .update(`cutter rehearsal ${role}`)
    .digest('base64url')
}

/** The URL of a role in a database of the administrator's server. */
export function urlOfRole(adminUrl: string, role: string, database: string): string {
  const url = parseUrl(adminUrl)
  url.username = encodeURIComponent(role)
  url.password = passwordOf(adminUrl, role)
  url.pathname = `/${encodeURIComponent(database)}`
  for (const name of ['user', 'password', 'dbname']) url.searchParams.delete(name)
  return url.href
}

/** The driver accepts a URL without a host, which the URL parser does not. A `host` among its parameters has precedence. */
function parseUrl(text: string): URL {
  if (!URL.canParse(text)) return new URL(text.replace('@/', '@localhost/'))
  const url = new URL(text)
  return url.host === '' ? new URL(text.replace(':///', '://localhost/')) : url
}
