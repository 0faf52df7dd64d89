import { chmodSync, chownSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { CutterError } from '../domain/errors.ts'
import type { Service, ServiceAddress } from '../service/serve.ts'
import { createApp } from './create-app.ts'
import { getRequestListener } from './hono.ts'

export interface ListenOptions {
  /** 0 takes a free one. */
  port: number
  /** Name or address of the network interface. */
  host: string
}

export interface Listening {
  address: ServiceAddress
  /** Takes no new requests, waits a limited time for those at work, cuts off whoever is still connected, and removes the socket. */
  close(): Promise<void>
}

/** How long a client may take, in milliseconds. A slow one is cut off, so that it keeps no place from others. */
const TIMES = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  // Longer than the minute for which proxies and clients keep theirs: whoever ends one first must be the one who sends.
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
}

/** How long requests may take once the service ends, in milliseconds. The work of a run is waited for without its client. */
const LAST_MS = 5_000

/**
 * Opens the doors of a service: a port and a unix socket.
 * @param times replaces the times that a client may take; `last` is the time for requests once the service ends, in milliseconds
 * @throws INPUT_REFUSED when the port is taken or the address is not one of this host, CONFIG_INVALID when the service may not give the socket to
 * the group of `socketGroup`
 */
export async function listen(
  service: Service,
  { port, host }: ListenOptions,
  { last = LAST_MS, ...times }: Partial<typeof TIMES> & { last?: number } = {},
): Promise<Listening> {
  const listenerFor = (hosts: Set<string> | null) => getRequestListener(createApp(service, hosts).fetch)
  const options = { ...TIMES, maxHeaderSize: 16_384, ...times }
  const { tls, names } = service.network
  const listener = listenerFor(new Set([...namesOf(host), ...names]))
  const network =
    tls === null
      ? createServer(options, listener)
      : createTlsServer({ ...options, ...tls, minVersion: 'TLSv1.2' }, listener)
  const local = createServer(options, listenerFor(null))
  const { port: taken } = (await opened(network, () => network.listen(port, host))) as AddressInfo
  try {
    await openSocket(local, service.socket, service.network.socketGroup)
  } catch (error) {
    network.close()
    throw error
  }
  const address = {
    url: `${tls === null ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    socket: service.socket,
  }
  service.announce(address)
  return {
    address,
    async close() {
      await Promise.all([closed(network, last), closed(local, last)])
      rmSync(service.socket, { force: true })
    },
  }
}

/** Nobody but the service's own user and one group may reach the socket, from the moment at which it exists. */
async function openSocket(server: Server, path: string, group: number | null): Promise<void> {
  rmSync(path, { force: true })
  const before = process.umask(group === null ? 0o117 : 0o177)
  try {
    await opened(server, () => server.listen(path))
  } finally {
    process.umask(before)
  }
  try {
    if (group !== null) chownSync(path, -1, group)
    chmodSync(path, 0o660)
  } catch (cause) {
    server.close()
    throw socketGroupError(group, cause as Error)
  }
}

const socketGroupError = (group: number | null, cause: Error) =>
  new CutterError(
    'CONFIG_INVALID',
    `the socket can’t be given to the group ${group} of socketGroup: ${cause.message}; nothing was started`,
    { next: 'make the user of the service a member of that group, and start it again', cause },
  )

function opened(server: Server, open: () => void): Promise<ReturnType<Server['address']>> {
  return new Promise((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => fail(listenError(error)))
    server.once('listening', () => done(server.address()))
    open()
  })
}

function listenError(error: NodeJS.ErrnoException): CutterError {
  const { code, message } = error
  const why = code === 'EADDRINUSE' ? 'another program uses that port' : message
  return new CutterError('INPUT_REFUSED', `the service can’t listen: ${why}; nothing was started`, {
    next: 'give another --port, or --port 0 for a free one; --host takes an address of this machine',
    cause: error,
  })
}

/** A server of HTTP, with or without TLS. */
type HttpServer = Server & { closeAllConnections(): void; closeIdleConnections(): void }

/** Whoever is connected for longer than `last` milliseconds is cut off, so that no client keeps the service from ending. */
function closed(server: HttpServer, last: number): Promise<void> {
  return new Promise((done) => {
    const cutOff = setTimeout(() => server.closeAllConnections(), last)
    server.close(() => {
      clearTimeout(cutOff)
      done()
    })
    server.closeIdleConnections()
  })
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** The names in a Host header by which the service may be called. */
function namesOf(host: string): Set<string> {
  const named = host.includes(':') ? `[${host}]` : host.toLowerCase()
  if (!['0.0.0.0', '[::]'].includes(named)) return new Set([...LOOPBACK, named])
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const own = addresses.map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address))
  return new Set([...LOOPBACK, hostname().toLowerCase(), ...own])
}
