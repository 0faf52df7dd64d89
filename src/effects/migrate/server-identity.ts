import type { ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'

/** Which server and database a session is in, asked inside of its own transaction. */
export async function readServerIdentity(sql: Sql): Promise<ServerIdentity> {
  const { rows } = await sql.query<ServerIdentity>(
    `select (pg_catalog.pg_control_system()).system_identifier::text as "systemIdentifier",
       pg_catalog.current_database()::text as database,
       pg_catalog.current_setting('server_version_num')::int as "versionNumber",
       pg_catalog.current_setting('server_version') as version, current_user::text as role,
       (pg_catalog.pg_control_checkpoint()).timeline_id as timeline, pg_catalog.pg_is_in_recovery() as "inRecovery"`,
  )
  return rows[0]!
}
