import type { Client } from 'pg'
import { Stop } from '../../domain/errors.ts'
import type { Sql, TargetCaller } from '../target.ts'
import {
  findMigrationStop,
  inReadOnlyTransaction,
  inTransaction,
  type SessionOptions,
  withSession,
} from './pg-session.ts'

/** What tells one database of one server from every other, and what its copy must be like. */
export interface ServerIdentity {
  systemIdentifier: string
  database: string
  /** As `server_version_num`; its first two digits are the major version. */
  versionNumber: number
  version: string
  role: string
  timeline: number
  inRecovery: boolean
}

export interface MigrationLimits {
  lockTimeoutMs: number
  statementTimeoutMs: number
}

/** A database that is migrated, or a copy of one on which that is rehearsed: the same calls for both. */
export interface MigrationDatabase {
  /** For messages: `target shop`, `rehearsal mig-…`. */
  name: string
  /** Work in a read-only transaction that sees one moment and is rolled back; the server must never have given it an id. */
  read<T>(context: TargetCaller, work: (sql: Sql) => Promise<T>, lockTimeoutMs?: number): Promise<T>
  /** Work in one transaction. Any error but OutcomeUnknown means that nothing of it remains. */
  transaction<T>(context: TargetCaller, limits: MigrationLimits, work: (sql: Sql) => Promise<T>): Promise<T>
  /** Work in a session without a transaction round it. */
  session<T>(context: TargetCaller, limits: MigrationLimits, work: (sql: Sql) => Promise<T>): Promise<T>
  /** For pg_dump and pg_restore alone; holds a password. */
  url(): string
}

export const majorVersionOf = ({ versionNumber }: Pick<ServerIdentity, 'versionNumber'>) =>
  Math.floor(versionNumber / 10_000)

/** `asRole`: whom a superuser's session becomes, so that a copy is migrated as the very role that migrates the target. */
export function openMigrationDatabase(access: {
  name: string
  role: string
  url(): string
  asRole?: string
}): MigrationDatabase {
  const session = async <T>(
    context: TargetCaller,
    options: Omit<SessionOptions, 'applicationName' | 'signal'>,
    work: (client: Client) => Promise<T>,
  ): Promise<T> => {
    const { runId, signal } = context
    try {
      return await withSession(
        access.url(),
        { applicationName: `cutter ${runId}`, signal, ...options },
        async (client) => {
          await settle(client, access.asRole)
          return work(client)
        },
      )
    } catch (error) {
      // OutcomeUnknown is none of these, so whatever is lost here kept nothing.
      throw findMigrationStop(error, access.name, access.role) ?? error
    }
  }
  const read: MigrationDatabase['read'] = async (context, work, lockTimeoutMs) => {
    const { value, transactionId } = await session(context, { readOnly: true, lockTimeoutMs }, (client) =>
      inReadOnlyTransaction(client, work),
    )
    if (transactionId === null) return value
    throw new Stop(
      'STOP_MUTATION_DETECTED',
      `${access.name} gave a read-only session the transaction id ${transactionId}`,
    )
  }
  return {
    name: access.name,
    read,
    transaction: (context, limits, work) => session(context, limits, (client) => inTransaction(client, work)),
    session: (context, limits, work) => session(context, limits, work),
    url: access.url,
  }
}

/**
 * Texts of values must not depend on what a database or role has set for itself; nor may where a string of the script ends, or
 * the server would run other statements than those that were looked at.
 */
async function settle(client: Client, asRole: string | undefined): Promise<void> {
  if (asRole !== undefined) await client.query(`set session authorization ${client.escapeIdentifier(asRole)}`)
  await client.query(
    "select set_config('extra_float_digits', '1', false), set_config('intervalstyle', 'postgres', false), set_config('bytea_output', 'hex', false), set_config('standard_conforming_strings', 'on', false)",
  )
}
