import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { CutterError } from '../../domain/errors.ts'
import { requireChannelBinding } from './channel-binding.ts'
import { type Encryption, encryptionsOf } from './connection-encryption.ts'
import { ConnectFailedError, errorCodeOf } from './connection-errors.ts'
import { type ConnectionSettings, ConnectionStringError, readConnectionString } from './connection-string.ts'
import { countStatements } from './count-statements.ts'

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

/** One server to try, in one way. */
interface Attempt {
  host: string
  port: number
  encryption: Encryption
}

/** Servers that answered that they have no encryption. Asking them again would cost a connection each time. */
const withoutEncryption = new Set<string>()

export interface ConnectOptions {
  /** The name of the session in the server's views. */
  applicationName: string
  /** What the connection string is, as the subject of an error; a target’s by default. */
  subject?: string | undefined
  signal?: AbortSignal | undefined
}

/**
 * Connects to the first server of a connection string that accepts the login and is what `target_session_attrs` asks for.
 * @throws CONFIG_INVALID when the connection string can't be read
 * @throws ConnectFailedError when no session was established; it names the address without the password
 */
export async function connectClient(
  text: string,
  { applicationName, subject = "a target's connection string", signal }: ConnectOptions,
): Promise<pg.Client> {
  const { settings, attempts } = readAttempts(text, subject)
  const wanted = settings.parameters.target_session_attrs ?? 'any'
  // libpq tries the standbys first, and then takes whichever server there is.
  const passes = wanted === 'prefer-standby' ? ['standby', 'any'] : [wanted]
  let failure: unknown
  for (const attributes of passes) {
    for (const [at, attempt] of attempts.entries()) {
      if (at > 0 && isSameServer(attempts[at - 1]!, attempt) && !isWorthAgain(failure, attempt)) continue
      try {
        return await connectTo(settings, attempt, { applicationName, signal, attributes })
      } catch (error) {
        signal?.throwIfAborted()
        failure = error
        // As libpq does: a login that one server refuses is not tried at the others.
        const next = attempts[at + 1]
        const isRefused = ['28P01', '28000'].includes(errorCodeOf(error) ?? '')
        if (isRefused && (next === undefined || !isSameServer(attempt, next))) throw error
      }
    }
  }
  throw failure
}

function readAttempts(text: string, subject: string): { settings: ConnectionSettings; attempts: Attempt[] } {
  try {
    const settings = readConnectionString(text)
    const attempts = settings.hosts.flatMap(({ host, port }) =>
      encryptionsOf(settings.parameters, host).map((encryption) => ({ host, port, encryption })),
    )
    const isPointless = ({ host, port, encryption }: Attempt) =>
      encryption !== false &&
      withoutEncryption.has(`${host}:${port}`) &&
      attempts.some((one) => one.host === host && one.port === port && one.encryption === false)
    return { settings, attempts: attempts.filter((one) => !isPointless(one)) }
  } catch (error) {
    if (!(error instanceof ConnectionStringError)) throw error
    // The message names parameters alone. Node's own errors would repeat the complete string with its password.
    throw new CutterError('CONFIG_INVALID', `${subject} ${error.message}`, {
      next: error.next,
    })
  }
}

const isSameServer = (one: Attempt, other: Attempt) => one.host === other.host && one.port === other.port

/** Whether the other kind of connection to a server is tried: where it has no encryption, or its pg_hba.conf refuses this kind. */
const isWorthAgain = (failure: unknown, { encryption }: Attempt): boolean => {
  const { code, message } = failure as { code?: string; message: string }
  return code === '28000' || (encryption === false && NO_ENCRYPTION.test(message))
}

const NO_ENCRYPTION = /does not support SSL|SSL routines|tlsv1|handshake|disconnected before secure TLS/i

async function connectTo(
  settings: ConnectionSettings,
  { host, port, encryption }: Attempt,
  {
    applicationName,
    signal,
    attributes,
  }: { applicationName: string; signal: AbortSignal | undefined; attributes: string },
): Promise<pg.Client> {
  const { user, password, database, parameters } = settings
  const { default: driver } = await import('pg')
  const seconds = Number(parameters.connect_timeout ?? 0)
  const client = new driver.Client({
    ...{ host, port, user, password, database, ssl: encryption },
    ...(parameters.options === undefined ? {} : { options: parameters.options }),
    ...(parameters.channel_binding === undefined || parameters.channel_binding === 'disable'
      ? {}
      : { enableChannelBinding: true }),
    ...(parameters.sslnegotiation === 'direct' ? { sslnegotiation: 'direct' } : {}),
    application_name: applicationName,
    connectionTimeoutMillis: seconds > 0 ? seconds * 1_000 : CONNECT_MS,
    keepAlive: true,
    types: { getTypeParser: typeParser(driver.types) },
  } as pg.ClientConfig)
  if (parameters.channel_binding === 'require') requireChannelBinding(client)
  countStatements(client)
  client.on('error', (error) => {
    // The first one has the server's reason.
    if (!lost.has(client)) lost.set(client, error)
  })
  const onAbort = () => disconnectClient(client)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    await client.connect()
    await assertAttributes(client, attributes)
    return client
  } catch (error) {
    if (encryption !== false && /does not support SSL/.test((error as Error).message))
      withoutEncryption.add(`${host}:${port}`)
    void endClient(client)
    throw new ConnectFailedError({ host, port, database }, error as Error)
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

/** Whether a server is what `target_session_attrs` asks for: https://www.postgresql.org/docs/current/libpq-connect.html */
async function assertAttributes(client: pg.Client, attributes: string): Promise<void> {
  if (attributes === 'any') return
  const { rows } = await client.query<{ standby: boolean; readOnly: boolean }>(
    `select pg_catalog.pg_is_in_recovery() as standby, pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool as "readOnly"`,
  )
  const { standby, readOnly } = rows[0]!
  const isOne: { [attributes: string]: boolean } = {
    'read-write': !readOnly,
    'read-only': readOnly,
    primary: !standby,
    standby,
  }
  if (isOne[attributes] === true) return
  throw new Error(
    `the server is not what target_session_attrs=${attributes} of the connection string asks for`,
  )
}

function typeParser(standard: typeof pg.types): pg.CustomTypesConfig['getTypeParser'] {
  const asIs = (text: string) => text
  const iso = (text: string) => text.replace(' ', 'T').replace(/\+00$/, 'Z')
  const own: { [oid: number]: (text: string) => unknown } = { 1082: asIs, 1114: iso, 1184: iso }
  return ((oid: number, format: 'text' | 'binary') =>
    (format !== 'binary' ? own[oid] : undefined) ?? standard.getTypeParser(oid, format)) as never
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
