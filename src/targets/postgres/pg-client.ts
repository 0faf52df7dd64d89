import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { CutterError } from '../../domain/errors.ts'
import { ConnectFailedError, type ServerAddress } from './connection-errors.ts'

/**
 * The only module that connects to PostgreSQL. It loads `pg` at the first connection, so that commands without a target don't wait
 * for it. Times arrive as text in ISO 8601, with their microseconds.
 */

const CONNECT_MS = 10_000
const END_MS = 2_000

/** The errors of lost connections, so that a COMMIT on them does not count as sent. */
const lost = new WeakMap<pg.Client, Error>()

/** The error of a lost connection, or undefined while the connection is not known to be lost. */
export const findLostConnection = (client: pg.Client): Error | undefined => lost.get(client)

/**
 * Creates a client for one session.
 * @throws CONFIG_INVALID when the URL can't be read
 */
export async function createClient(url: string, applicationName: string): Promise<pg.Client> {
  const { default: driver } = await import('pg')
  const types = { getTypeParser: typeParser(driver.types) }
  try {
    const client = new driver.Client({
      connectionString: url,
      application_name: applicationName,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      types,
    })
    client.on('error', (error) => {
      // The first one has the server's reason.
      if (!lost.has(client)) lost.set(client, error)
    })
    return client
  } catch {
    // The cause and its message are left out, because both hold the complete URL with its password.
    throw new CutterError('CONFIG_INVALID', "a target's connection URL can't be read", {
      next: 'write it as postgresql://role:password@host:port/database, with special characters percent-encoded',
    })
  }
}

function typeParser(standard: typeof pg.types): pg.CustomTypesConfig['getTypeParser'] {
  const asIs = (text: string) => text
  const iso = (text: string) => text.replace(' ', 'T').replace(/\+00$/, 'Z')
  const own: { [oid: number]: (text: string) => unknown } = { 1082: asIs, 1114: iso, 1184: iso }
  return ((oid: number, format: 'text' | 'binary') =>
    (format !== 'binary' ? own[oid] : undefined) ?? standard.getTypeParser(oid, format)) as never
}

/**
 * Connects a client that `pg` made. The error of a failed attempt names the address without the password.
 * @throws ConnectFailedError when no session was established
 */
export async function connectClient(client: pg.Client): Promise<void> {
  try {
    await client.connect()
  } catch (error) {
    throw new ConnectFailedError(addressOf(client), error as Error)
  }
}

function addressOf(client: pg.Client): ServerAddress {
  return { host: client.host, port: client.port, database: client.database ?? '' }
}

/** Destroys the connection without a message to the server. */
export function disconnectClient(client: pg.Client): void {
  const { stream } = (client as unknown as { connection: { stream: Duplex } }).connection
  stream.destroy(new Error('the session was disconnected'))
}

/** Ends the connection. When the server does not answer within two seconds, disconnects. */
export async function endClient(client: pg.Client): Promise<void> {
  const late = new AbortController()
  const ended = client.end().catch(() => undefined)
  const timer = sleep(END_MS, undefined, { signal: late.signal }).then(
    () => disconnectClient(client),
    () => undefined,
  )
  await Promise.race([ended, timer])
  late.abort()
}
