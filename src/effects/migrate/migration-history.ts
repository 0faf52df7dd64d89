import type { Sql } from '../../targets/target.ts'

/**
 * The history of a target: a table that `cutter target init --history` makes, with a row for each migration that a run committed, written in
 * the same transaction. It is off by default, because a migration makes no table that its bundle does not declare.
 */

/** The schema of the history. Catalogues leave it out, so that it is no difference between a target and its rehearsal database. */
export const HISTORY_SCHEMA = 'cutter_migrations'

/** Makes the history, as the role that migrates. */
export const MAKE_HISTORY: readonly string[] = [
  `create schema if not exists ${HISTORY_SCHEMA}`,
  `create table if not exists ${HISTORY_SCHEMA}.history (
  run_id text not null,
  name text not null,
  sha256 text not null,
  applied_at timestamptz not null default now(),
  rolled_back_at timestamptz,
  primary key (run_id, name)
)`,
]

/** A migration that the history has. */
export interface RecordedMigration {
  runId: string
  name: string
  /** Of the script. */
  sha256: string
  /** ISO 8601. */
  appliedAt: string
  rolledBackAt: string | null
}

/** Whether a target has a history. */
export async function hasHistory(sql: Sql): Promise<boolean> {
  const { rows } = await sql.query<{ found: boolean }>(
    `select pg_catalog.to_regclass('${HISTORY_SCHEMA}.history') is not null as found`,
  )
  return rows[0]!.found
}

/** Reads the history of a target, oldest first; null where it has none. */
export async function readHistory(sql: Sql): Promise<RecordedMigration[] | null> {
  if (!(await hasHistory(sql))) return null
  const { rows } = await sql.query<RecordedMigration>(
    `select run_id as "runId", name, sha256, ${iso('applied_at')} as "appliedAt", ${iso('rolled_back_at')} as "rolledBackAt"
     from ${HISTORY_SCHEMA}.history order by applied_at, run_id, name`,
  )
  return rows
}

/** Writes a migration into the history, in its own transaction and after everything was measured. */
export async function recordMigration(
  sql: Sql,
  { runId, name, sha256 }: Pick<RecordedMigration, 'runId' | 'name' | 'sha256'>,
): Promise<void> {
  await sql.query(`insert into ${HISTORY_SCHEMA}.history (run_id, name, sha256) values ($1, $2, $3)`, [
    runId,
    name,
    sha256,
  ])
}

/** Notes in the history, if there is one, that the migration of a run was rolled back, in the transaction of the rollback. */
export async function recordRollback(sql: Sql, runId: string): Promise<void> {
  if (!(await hasHistory(sql))) return
  await sql.query(`update ${HISTORY_SCHEMA}.history set rolled_back_at = now() where run_id = $1`, [runId])
}

const iso = (column: string) =>
  `pg_catalog.to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
