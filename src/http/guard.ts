import { RequestError } from './problem.ts'

/**
 * Refuses what a browser sends for a page of somebody else: a name that leads here but is not ours (DNS rebinding), and requests of other
 * sites. Both come before the token is read.
 * @param hosts the names by which the service may be called, without a port; null on the unix socket, which no browser reaches
 * @throws RequestError 421, 403
 */
export function assertOwnSite(request: Request, hosts: Set<string> | null): void {
  assertOwnHost(request, hosts)
  const { headers } = request
  const host = headers.get('host') ?? ''
  const origin = headers.get('origin')
  const site = headers.get('sec-fetch-site') ?? 'none'
  const isOwnOrigin = origin === null || origin === `http://${host}` || origin === `https://${host}`
  if (isOwnOrigin && (site === 'none' || site === 'same-origin')) return
  throw new RequestError(
    403,
    'the request comes from a page of another site; nothing was done',
    'call the service from a program, or from its own page',
  )
}

/**
 * Refuses a name that leads here but is not ours. This is all that is asked of whoever loads the page itself: links to it stand on other
 * sites, and it holds nothing of a home.
 * @throws RequestError 421
 */
export function assertOwnHost({ headers }: Request, hosts: Set<string> | null): void {
  if (hosts === null || hosts.has(hostName(headers.get('host') ?? ''))) return
  throw new RequestError(
    421,
    'the Host of the request is not a name of this service; nothing was done',
    `call it by ${[...hosts].join(', ')}`,
  )
}

/**
 * Refuses a request that changes something by the session of a page, unless it says that it comes from a page. `assertOwnSite` has compared the
 * origin with the service's own.
 * @throws RequestError 403
 */
export function assertFromPage({ method, headers }: Request): void {
  if (method === 'GET' || headers.get('origin') !== null) return
  throw new RequestError(
    403,
    'the request has the session of a page and no Origin; nothing was done',
    'send it from the page, or bring a token in the header Authorization',
  )
}

/** The name in a Host header, without the port and in small letters. */
const hostName = (host: string) => host.toLowerCase().replace(/:\d+$/, '')
