import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { CutterError, Stop } from '../../domain/errors.ts'
import type { TargetCaller } from '../target.ts'
import { errorCodeOf, OutcomeUnknownError } from './connection-errors.ts'
import { readConnectionString, writeConnectionString } from './connection-string.ts'
import { connectClient, disconnectClient, endClient, findLostConnection } from './pg-client.ts'

/** The logins of a target. */
export type TargetRole = 'reader' | 'executor' | 'verifier' | 'owner' | 'migrator'

/** Options of a session. Times are in milliseconds. */
export interface SessionOptions {
  /** The name of the session in the server's views. */
  applicationName: string
  /** Cancels the running statement. A session that does not react is disconnected after some seconds. */
  signal?: AbortSignal | undefined
  /** The limit of a statement on the server, also when this process can no longer cancel it; an hour by default. */
  statementTimeoutMs?: number | undefined
  /** How long the server keeps a transaction whose client sends nothing. A process that is suspended then loses it, with its locks. */
  idleInTransactionMs?: number | undefined
  /** The limit for waiting for a lock; 10 s by default. */
  lockTimeoutMs?: number | undefined
  /** Makes transactions of the session read-only by default: the second protection, after the privileges of the role. */
  readOnly?: boolean | undefined
}

/** How long a session waits for a lock by default, in milliseconds. */
export const LOCK_MS = 10_000
const STATEMENT_MS = 3_600_000
/** The largest setting that the server takes, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1
/** The server cancels a statement only after this process has tried to, which has the better reason. */
const LATER_MS = 10_000

/** How long a transaction that writes may idle, in milliseconds: as long as the lease of a process that is suspended in it. */
export const WRITE_IDLE_MS = 60_000

/**
 * The limit of statements of a caller, in milliseconds: what its deadline leaves, and not more than `own`.
 * @param own a limit of the statements themselves; 0 for none
 */
export function statementLimitMs({ deadline, now }: TargetCaller, own = 0): number {
  const left =
    deadline === undefined || now === undefined ? STATEMENT_MS : deadline.getTime() - now().getTime()
  const limit = Math.min(Math.max(0, left) + LATER_MS, LONGEST_MS)
  return own === 0 ? limit : Math.min(own, limit)
}
/** A cancellation between two statements has no effect, so it is sent several times. */
const CANCEL_AFTER_MS = [0, 200, 800, 2_000]

/**
 * Connects, works, and always ends the connection.
 * @throws ConnectFailedError when no session was established
 * @throws CONFIG_INVALID when the connection string can't be read
 * @throws TARGET_REFUSED when the URL leads to a connection pooler
 */
export async function withSession<T>(
  url: string,
  options: SessionOptions,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  options.signal?.throwIfAborted()
  const client = await connectClient(url, options)
  const stopListening = listenForAbort(client, urlOfServer(url, client), options.signal)
  try {
    await configure(client, options)
    return await work(client)
  } catch (error) {
    if (isMoreSpecific(error)) throw error
    if (options.signal?.aborted) throw options.signal.reason
    // A query on a connection that was lost before says only that it was.
    throw errorCodeOf(error) === undefined ? (findLostConnection(client) ?? error) : error
  } finally {
    stopListening()
    await endClient(client)
  }
}

/**
 * Resolves when the server has accepted the login. It sends no query and does not wait for the end of the connection.
 * @throws ConnectFailedError when the server refuses it or can't be reached
 */
export async function logIn(url: string, applicationName: string): Promise<void> {
  void endClient(await connectClient(url, { applicationName }))
}

/** The connection string for the one server, of several, to which a client is connected. */
export function urlOfServer(url: string, { host, port }: Pick<pg.Client, 'host' | 'port'>): string {
  return writeConnectionString({ ...readConnectionString(url), hosts: [{ host, port }] })
}

/**
 * Sets what the session needs, in one statement, unless another process answers than the one that accepted the login. Then a pooler lies
 * between, which gives the session to the application afterwards, with its settings. JIT would compile the long queries of catalogues
 * for seconds, while a table is locked.
 * @throws TARGET_REFUSED when the URL leads to a pooler; nothing was set
 */
async function configure(client: pg.Client, options: SessionOptions): Promise<void> {
  const settings: [string, string][] = [
    // With the path of a database or role, Cutter's own queries could call what others made under the names of the server's.
    ['search_path', 'pg_catalog, pg_temp'],
    ['timezone', 'UTC'],
    ['datestyle', 'ISO, YMD'],
    ['statement_timeout', String(options.statementTimeoutMs ?? STATEMENT_MS)],
    ['lock_timeout', String(options.lockTimeoutMs ?? LOCK_MS)],
    ['jit', 'off'],
  ]
  if (options.idleInTransactionMs !== undefined)
    settings.push(['idle_in_transaction_session_timeout', String(options.idleInTransactionMs)])
  if (options.readOnly === true) settings.push(['default_transaction_read_only', 'on'])
  const calls = settings.map((_, at) => `pg_catalog.set_config($${2 * at + 2}, $${2 * at + 3}, false)`)
  const { rows } = await client.query<{ done: string[] | null }>(
    `select case when pg_catalog.pg_backend_pid() operator(pg_catalog.=) $1::int then array[${calls.join(', ')}] end as done`,
    [backendPid(client), ...settings.flat()],
  )
  if (rows[0]!.done === null) throw poolerError(client)
  await noticeLostClient(client)
}

/**
 * Lets the server notice within a minute that this side is gone, also while a statement runs or the transaction idles, so that its locks are
 * freed. A server whose version or system has no such setting works without.
 */
async function noticeLostClient(client: pg.Client): Promise<void> {
  const settings = Object.entries(NOTICED).map(
    ([name, value]) =>
      `case when pg_catalog.current_setting('${name}', true) is not null then pg_catalog.set_config('${name}', '${value}', false) end`,
  )
  await client.query(`select ${settings.join(', ')}`).catch((error: { severity?: string }) => {
    if (error.severity !== 'ERROR') throw error
  })
}

/** https://www.postgresql.org/docs/current/runtime-config-connection.html */
const NOTICED = {
  tcp_user_timeout: 60_000,
  tcp_keepalives_idle: 20,
  tcp_keepalives_interval: 10,
  tcp_keepalives_count: 3,
  client_connection_check_interval: 10_000,
}

function poolerError({ host, port, database }: pg.Client): CutterError {
  return new CutterError(
    'TARGET_REFUSED',
    `${host}:${port}/${database ?? ''} is a connection pooler: another process of the server answers than the one that accepted the login; nothing was set or changed`,
    {
      next: 'name the server itself in the URL, because settings of a session that others use next would change what they do; then resume the run, or repeat the command',
    },
  )
}

/** Errors that hold more than the reason of an interruption. */
function isMoreSpecific(error: unknown): boolean {
  return error instanceof OutcomeUnknownError || error instanceof Stop || error instanceof CutterError
}

function listenForAbort(client: pg.Client, url: string, signal: AbortSignal | undefined): () => void {
  let over = false
  const onAbort = async () => {
    for (const delay of CANCEL_AFTER_MS) {
      await sleep(delay, undefined, { ref: false })
      if (over) return
      const pid = backendPid(client)
      // Without a backend the client is still connecting, and there is nothing to cancel.
      if (pid === null) return disconnectClient(client)
      await cancelStatement(url, pid).catch(() => undefined)
    }
    if (!over) disconnectClient(client)
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  return () => {
    over = true
    signal?.removeEventListener('abort', onAbort)
  }
}

/** PostgreSQL allows a role to cancel its own sessions. */
async function cancelStatement(url: string, pid: number): Promise<void> {
  await withSession(url, { applicationName: 'cutter cancel', statementTimeoutMs: 2_000 }, (client) =>
    client.query(
      "select pg_catalog.pg_cancel_backend(pid) from pg_catalog.pg_stat_activity where pid = $1 and state = 'active'",
      [pid],
    ),
  )
}

function backendPid(client: pg.Client): number | null {
  return (client as unknown as { processID: number | null }).processID ?? null
}
