import type { Client } from 'pg'
import { Stop } from '../../domain/errors.ts'
import type { Sql, TargetCaller } from '../target.ts'
import { namingBlockers } from './blocking-sessions.ts'
import { copyOut } from './copy-out.ts'
import {
  LOCK_MS,
  type SessionOptions,
  statementLimitMs,
  urlOfServer,
  WRITE_IDLE_MS,
  withSession,
} from './pg-session.ts'
import { withRetries } from './retries.ts'
import { settingsOfSessions, withEnvironment } from './session-options.ts'
import { findMigrationStop } from './target-stops.ts'
import { inReadOnlyTransaction, inTransaction } from './transactions.ts'

/** What identifies a database of a server, with the facts that its rehearsal database must share. */
export interface ServerIdentity {
  systemIdentifier: string
  database: string
  /** As `server_version_num`: the major version times 10,000, plus the minor version. */
  versionNumber: number
  version: string
  role: string
  timeline: number
  inRecovery: boolean
}

/** Timeouts of a session, in milliseconds. */
export interface MigrationLimits {
  lockTimeoutMs: number
  statementTimeoutMs: number
}

/**
 * A database that is migrated, or a rehearsal database: both have the same methods. Each of its sessions has
 * `search_path = pg_catalog, pg_temp`; `runScript` gives a script the search path of the login.
 */
export interface MigrationDatabase {
  /** The name in messages: `target shop`, `rehearsal rehearsal_mig_…`. */
  name: string
  /**
   * Works in a read-only transaction that sees one snapshot and is rolled back.
   * @throws STOP_MUTATION_DETECTED when the server assigned a transaction id, so that something was written
   */
  read<T>(context: TargetCaller, work: (sql: Sql) => Promise<T>, lockTimeoutMs?: number): Promise<T>
  /** Works in one transaction. After any error but OutcomeUnknownError, nothing of it remains. */
  transaction<T>(context: TargetCaller, limits: MigrationLimits, work: (sql: Sql) => Promise<T>): Promise<T>
  /** Works in a session without a transaction. */
  session<T>(context: TargetCaller, limits: MigrationLimits, work: (sql: Sql) => Promise<T>): Promise<T>
  /**
   * Runs a `COPY … TO STDOUT` in the transaction of `sql`, and calls `onRow` with each row in the text format of COPY. The bytes are
   * valid only during the call.
   * @throws Error with the fields of the server when it rejects the statement
   */
  copyOut(sql: Sql, text: string, onRow: (row: Buffer) => void): Promise<void>
  /**
   * The connection string with its password and with PGOPTIONS, for pg_dump and pg_restore only, which get no variables. Of several hosts it has
   * the one to which the last session went, because a snapshot belongs to one server.
   */
  url(): string
  /** The names of the settings that its sessions get from the connection string, or from PGOPTIONS. */
  settingNames(): string[]
}

/** The major version of a server, such as 15. */
export const majorVersionOf = ({ versionNumber }: Pick<ServerIdentity, 'versionNumber'>) =>
  Math.floor(versionNumber / 10_000)

/**
 * Gives access to a database, with a session for each call.
 * @param access.role the role of the login, for messages
 */
export function openMigrationDatabase(access: {
  name: string
  role: string
  url(): string
}): MigrationDatabase {
  let server: { host: string; port: number } | null = null
  const session = async <T>(
    context: TargetCaller,
    options: Omit<SessionOptions, 'applicationName' | 'signal'>,
    work: (client: Client) => Promise<T>,
    kind: 'read' | 'write' | null,
  ): Promise<T> => {
    const { runId, signal } = context
    const once = () =>
      withSession(
        access.url(),
        {
          applicationName: `cutter ${runId}`,
          signal,
          ...options,
          statementTimeoutMs: statementLimitMs(context, options.statementTimeoutMs),
          idleInTransactionMs: kind === 'write' ? WRITE_IDLE_MS : undefined,
        },
        async (client) => {
          server = { host: client.host, port: client.port }
          await applyFixedSettings(client)
          return work(client)
        },
      )
    const stopping = async () => {
      try {
        return kind === null ? await once() : await withRetries(kind, signal, once)
      } catch (error) {
        // OutcomeUnknownError has no stop and is rethrown. After every other error nothing remains.
        throw findMigrationStop(error, access.name, access.role) ?? error
      }
    }
    const watched = { applicationName: `cutter ${runId}`, lockTimeoutMs: options.lockTimeoutMs ?? LOCK_MS }
    return namingBlockers({ url: access.url(), ...watched }, stopping)
  }
  const read: MigrationDatabase['read'] = async (context, work, lockTimeoutMs) => {
    const { value, transactionId } = await session(
      context,
      { readOnly: true, lockTimeoutMs },
      (client) => inReadOnlyTransaction(client, work),
      'read',
    )
    if (transactionId === null) return value
    throw new Stop(
      'STOP_MUTATION_DETECTED',
      `${access.name} gave a read-only session the transaction id ${transactionId}`,
      { next: 'find the function or role that lets a reader write, then start another run' },
    )
  }
  return {
    name: access.name,
    read,
    transaction: (context, limits, work) =>
      session(context, limits, (client) => inTransaction(client, work), 'write'),
    // Nothing is rolled back here, so nothing is done again.
    session: (context, limits, work) => session(context, limits, work, null),
    copyOut,
    url: () => withEnvironment(server === null ? access.url() : urlOfServer(access.url(), server)),
    settingNames: () => settingsOfSessions(access.url()),
  }
}

/**
 * Sets what must not depend on the settings of a database or role: the text of values, and where a string of the script ends. With
 * another string syntax the server would run other statements than those that were linted.
 */
async function applyFixedSettings(client: Client): Promise<void> {
  await client.query(
    "set extra_float_digits = 1; set intervalstyle = 'postgres'; set bytea_output = 'hex'; set standard_conforming_strings = on",
  )
}
