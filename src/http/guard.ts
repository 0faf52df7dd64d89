import { RequestError } from './problem.ts'

/**
 * Refuses what a browser sends for a page of somebody else: a name that leads here but is not ours (DNS rebinding), and requests of other
 * sites. Both come before the token is read.
 * @param hosts the names by which the service may be called, without a port; null on the unix socket, which no browser reaches
 * @throws RequestError 421, 403
 */
export function assertOwnSite(request: Request, hosts: Set<string> | null): void {
  const { headers } = request
  const host = headers.get('host') ?? ''
  if (hosts !== null && !hosts.has(hostName(host)))
    throw new RequestError(
      421,
      'the Host of the request is not a name of this service; nothing was done',
      `call it by ${[...hosts].join(', ')}`,
    )
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

/** The name in a Host header, without the port and in small letters. */
const hostName = (host: string) => host.toLowerCase().replace(/:\d+$/, '')
