import type { SessionSecrets } from '../service/access/sessions.ts'

/** What a browser sends of itself with a request. */
export interface Browser {
  /** The name of the cookie: each port has its own, because browsers keep cookies by host. */
  cookieName: string
  /** The origin of the page, which a browser sends with each request that changes something; null from a program that sends none. */
  origin: string | null
  /** Whether the page was loaded over TLS. */
  isSecure: boolean
  /** The session of the page; null without one. */
  session: SessionSecrets | null
}

/** The header in which a page sends the guard of its session. */
const GUARD = 'x-cutter-guard'

/** Reads cookie and guard. A cookie without its guard, or the other way round, is no session. */
export function readBrowser({ headers }: Request): Browser {
  const [, port = ''] = /:(\d+)$/.exec(headers.get('host') ?? '') ?? []
  const cookieName = `cutter-session${port === '' ? '' : `-${port}`}`
  const cookie = (headers.get('cookie') ?? '')
    .split(/; */)
    .find((one) => one.startsWith(`${cookieName}=`))
    ?.slice(cookieName.length + 1)
  const guard = headers.get(GUARD)
  const session = cookie === undefined || guard === null ? null : { cookie, guard }
  const origin = headers.get('origin')
  return { cookieName, origin, isSecure: origin?.startsWith('https://') ?? false, session }
}

/**
 * The cookie of a session (RFC 6265bis): no script reads it, and no other site sends it.
 * @param value empty to remove it
 */
export function sessionCookie({ cookieName, isSecure }: Browser, value: string): string {
  const life = value === '' ? '; Max-Age=0' : ''
  return `${cookieName}=${value}; Path=/api/; HttpOnly; SameSite=Strict${life}${isSecure ? '; Secure' : ''}`
}
