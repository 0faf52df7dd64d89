import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { CutterError, Stop } from '../../domain/errors.ts'
import { ConnectFailedError, OutcomeUnknownError, type ServerAddress } from './connection-errors.ts'

/**
 * The only place that makes connections to PostgreSQL. `pg` is loaded at the first one, so that commands which never
 * reach a target don't wait for it. Sessions speak UTC and ISO: times arrive as text, with their microseconds.
 */

export {
  ConnectFailedError,
  findMigrationStop,
  findTargetStop,
  OutcomeUnknownError,
  type ServerAddress,
} from './connection-errors.ts'

export type TargetRole = 'reader' | 'executor' | 'verifier' | 'owner' | 'migrator'

export interface SessionOptions {
  /** What the server's own views show of the session. */
  applicationName: string
  /** Cancels the running statement; a session that doesn't yield to that is cut off after some seconds. */
  signal?: AbortSignal | undefined
  statementTimeoutMs?: number | undefined
  /** How long a lock is waited for; 10 s unless told. */
  lockTimeoutMs?: number | undefined
  /** Transactions of the session are read-only unless they say otherwise: the second lock, after the role's grants. */
  readOnly?: boolean | undefined
}

const CONNECT_MS = 10_000
const LOCK_MS = 10_000
const END_MS = 2_000
/** A cancel that falls between two statements hits nothing, so it is sent again. */
const CANCEL_AFTER_MS = [0, 200, 800, 2_000]

/** Connections known to be gone, so that nobody counts a COMMIT as sent that never left. */
const lost = new WeakMap<pg.Client, Error>()

/** Connects, works, and ends the connection whatever happens. Rejects with ConnectFailed when no session came about. */
export async function withSession<T>(
  url: string,
  options: SessionOptions,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  options.signal?.throwIfAborted()
  const client = await newClient(url, options.applicationName)
  client.on('error', (error) => lost.set(client, error))
  const stopWatching = watchAbort(client, url, options.signal)
  try {
    await connect(client)
    await configure(client, options)
    return await work(client)
  } catch (error) {
    throw options.signal?.aborted && !saysMore(error) ? options.signal.reason : error
  } finally {
    stopWatching()
    await end(client)
  }
}

/** Resolves once the server has let the login in; asks it nothing and waits for no goodbye. */
export async function logIn(url: string, applicationName: string): Promise<void> {
  const client = await newClient(url, applicationName)
  client.on('error', () => undefined)
  try {
    await connect(client)
  } finally {
    void end(client)
  }
}

/** `transactionId` null is the server's word that nothing in the transaction was ever going to write. */
export async function inReadOnlyTransaction<T>(
  client: pg.Client,
  work: (client: pg.Client) => Promise<T>,
): Promise<{ value: T; transactionId: string | null }> {
  await client.query('begin isolation level repeatable read read only')
  try {
    const value = await work(client)
    const { rows } = await client.query<{ id: string | null }>(
      'select pg_current_xact_id_if_assigned()::text as id',
    )
    return { value, transactionId: rows[0]?.id ?? null }
  } finally {
    await rollback(client)
  }
}

/**
 * Commits what `work` did, or rolls it back and rethrows. Any error but OutcomeUnknown means that nothing remains: an
 * error that the server itself answers to COMMIT, such as a deferred constraint's, is its word that it rolled back.
 */
export async function inTransaction<T>(
  client: pg.Client,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  await client.query('begin')
  let value: T
  try {
    value = await work(client)
    const gone = lost.get(client)
    if (gone !== undefined) throw gone
  } catch (error) {
    await rollback(client)
    throw error
  }
  await commit(client)
  return value
}

async function commit(client: pg.Client): Promise<void> {
  let answer: string
  try {
    answer = (await client.query('commit')).command
  } catch (error) {
    throw (error as { severity?: string }).severity === 'ERROR' ? error : new OutcomeUnknownError(error)
  }
  // So the server answers, without an error, when a statement failed and the caller went on regardless.
  if (answer !== 'COMMIT')
    throw new Error('the server rolled back at COMMIT: an earlier statement of the transaction had failed')
}

/** On a connection that is gone the server rolls back by itself. */
async function rollback(client: pg.Client): Promise<void> {
  await client.query('rollback').catch(() => undefined)
}

async function newClient(url: string, applicationName: string): Promise<pg.Client> {
  const { default: driver } = await import('pg')
  const types = { getTypeParser: typeParser(driver.types) }
  try {
    return new driver.Client({
      connectionString: url,
      application_name: applicationName,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      types,
    })
  } catch {
    // Neither the cause nor its message: both hold the whole URL, password included.
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

async function connect(client: pg.Client): Promise<void> {
  try {
    await client.connect()
  } catch (error) {
    throw new ConnectFailedError(addressOf(client), error as Error)
  }
}

function addressOf(client: pg.Client): ServerAddress {
  return { host: client.host, port: client.port, database: client.database ?? '' }
}

/** By a statement and not as startup parameters, which connection poolers refuse. */
async function configure(client: pg.Client, options: SessionOptions): Promise<void> {
  const settings: [string, string][] = [
    ['timezone', 'UTC'],
    ['datestyle', 'ISO, YMD'],
    ['statement_timeout', String(options.statementTimeoutMs ?? 0)],
    ['lock_timeout', String(options.lockTimeoutMs ?? LOCK_MS)],
  ]
  if (options.readOnly === true) settings.push(['default_transaction_read_only', 'on'])
  const calls = settings.map((_, at) => `set_config($${2 * at + 1}, $${2 * at + 2}, false)`)
  await client.query(`select ${calls.join(', ')}`, settings.flat())
}

/** Errors that tell a caller more than that it was interrupted. */
function saysMore(error: unknown): boolean {
  return error instanceof OutcomeUnknownError || error instanceof Stop || error instanceof CutterError
}

function watchAbort(client: pg.Client, url: string, signal: AbortSignal | undefined): () => void {
  let over = false
  const onAbort = async () => {
    for (const delay of CANCEL_AFTER_MS) {
      await sleep(delay, undefined, { ref: false })
      if (over) return
      const pid = backendPid(client)
      // No backend yet: still connecting, with nothing to cancel.
      if (pid === null) return cutOff(client)
      await cancelStatement(url, pid).catch(() => undefined)
    }
    if (!over) cutOff(client)
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  return () => {
    over = true
    signal?.removeEventListener('abort', onAbort)
  }
}

/** A role may cancel its own sessions. */
async function cancelStatement(url: string, pid: number): Promise<void> {
  await withSession(url, { applicationName: 'cutter cancel', statementTimeoutMs: 2_000 }, (client) =>
    client.query("select pg_cancel_backend(pid) from pg_stat_activity where pid = $1 and state = 'active'", [
      pid,
    ]),
  )
}

function backendPid(client: pg.Client): number | null {
  return (client as unknown as { processID: number | null }).processID ?? null
}

function cutOff(client: pg.Client): void {
  const { stream } = (client as unknown as { connection: { stream: Duplex } }).connection
  stream.destroy(new Error('the session was cut off'))
}

/** Says goodbye; cuts off where the other side doesn't answer it. */
async function end(client: pg.Client): Promise<void> {
  const late = new AbortController()
  const goodbye = client.end().catch(() => undefined)
  const timer = sleep(END_MS, undefined, { signal: late.signal }).then(
    () => cutOff(client),
    () => undefined,
  )
  await Promise.race([goodbye, timer])
  late.abort()
}
