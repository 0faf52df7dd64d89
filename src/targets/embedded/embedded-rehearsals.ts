import type { Client } from 'pg'
import { Stop } from '../../domain/errors.ts'
import { ConnectFailedError } from '../postgres/connection-errors.ts'
import type { TargetAccess } from '../postgres/open-target.ts'
import type { DocumentRows, RehearsalDatabases, Target } from '../target.ts'
import type { SuperuserSession } from './embedded-template.ts'

/**
 * Gives access to the rehearsal databases of cuts in the embedded server.
 * @param options.template returns the name of the template database
 * @param options.openDatabase opens a database of the server as a target
 * @param options.upgrade applies the migrations of a newer Cutter to a database
 * @param options.isRunClosed whether a run is closed or unknown, so that its rehearsal database is no longer needed
 */
export function openEmbeddedRehearsals(options: {
  superuser: SuperuserSession
  template(): Promise<string>
  openDatabase(name: string, database: string, explain?: TargetAccess['explain']): Promise<Target>
  upgrade(database: string): Promise<void>
  isRunClosed(runId: string): Promise<boolean>
}): RehearsalDatabases {
  const { superuser, template, openDatabase, upgrade, isRunClosed } = options
  const upgraded = new Set<string>()
  return {
    async create(runId, rows) {
      const source = await template()
      const database = databaseName(runId)
      await superuser('postgres', async (client) => {
        await client.query(`drop database if exists ${database} with (force)`)
        await client.query(`create database ${database} template ${source}`)
        await client.query(`comment on database ${database} is ${client.escapeLiteral(runId)}`)
        await dropUnneeded(client, isRunClosed)
      })
      if (rows.units.length > 0) await superuser(database, (client) => seedRows(client, rows))
      return openDatabase(`rehearsal ${runId}`, database)
    },
    async open(runId) {
      const database = databaseName(runId)
      // Once in each process. A database that is missing is reported at its first use.
      if (!upgraded.has(database)) await upgrade(database).catch(() => undefined)
      upgraded.add(database)
      return openDatabase(`rehearsal ${runId}`, database, (error) => findMissingRehearsalStop(error, runId))
    },
    drop: (runId) =>
      superuser('postgres', async (client) => {
        await client.query(`drop database if exists ${databaseName(runId)} with (force)`)
      }),
  }
}

/** Cutter makes run ids of lower-case letters, digits, T, Z and hyphens. */
const databaseName = (runId: string) => `scratch_${runId.toLowerCase().replace(/[^a-z0-9]/g, '_')}`

/**
 * The rehearsal database existed before the gate. If it is missing now, or the server does not know its roles, the server's data
 * were removed or recreated since. A new database would lack what this run wrote into the old one.
 */
function findMissingRehearsalStop(error: unknown, runId: string): Stop | null {
  if (!(error instanceof ConnectFailedError)) return null
  if (!['28P01', '28000', '3D000'].includes(error.code ?? '')) return null
  return new Stop(
    'STOP_REHEARSAL_FAILED',
    `the rehearsal database of run ${runId} is missing: the embedded server’s data were removed or recreated since`,
    {
      next: `cutter run cancel ${runId} --reason "its rehearsal database is missing", then start another run`,
      cause: error,
    },
  )
}

/** Drops the rehearsal databases of runs that ended before they used theirs: cancelled, rejected or voided runs. */
async function dropUnneeded(client: Client, isRunClosed: (runId: string) => Promise<boolean>): Promise<void> {
  const { rows } = await client.query<{ name: string; run: string | null }>(
    `select datname as name, shobj_description(oid, 'pg_database') as run from pg_database where datname like 'scratch\\_%'`,
  )
  for (const { name, run } of rows) {
    // A database without a comment was created at this moment by another process, which has not named its run yet.
    if (run !== null && (await isRunClosed(run)))
      await client.query(`drop database if exists ${name} with (force)`)
  }
}

/** Inserts rows as they are in the target, with their status. Only the superuser can do so, because it bypasses triggers. */
async function seedRows(client: Client, rows: DocumentRows): Promise<void> {
  const tables = [
    ['information_unit', rows.units],
    ['unit_version', rows.versions],
    ['iu_lifecycle_log', rows.log],
  ] as const
  await client.query('begin')
  await client.query('set local session_replication_role = replica')
  for (const [table, given] of tables) {
    await client.query(
      `insert into public.${table} select * from jsonb_populate_recordset(null::public.${table}, $1::jsonb)`,
      [JSON.stringify(given)],
    )
  }
  await client.query('commit')
}
