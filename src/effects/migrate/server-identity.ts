import { Stop } from '../../domain/errors.ts'
import type { ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'

/** Reads which server and database a session is in, from inside of its own transaction. */
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

/** The major version of a server, such as 15. */
export const serverMajorVersion = ({ versionNumber }: ServerIdentity): number =>
  Math.floor(versionNumber / 10_000)

const FACTS = ['systemIdentifier', 'database', 'versionNumber', 'role', 'inRecovery'] as const

const otherFacts = (one: ServerIdentity, other: ServerIdentity) =>
  FACTS.filter((fact) => one[fact] !== other[fact])

/** Whether both are the same database, of the same version and seen as the same role. */
export const isSameIdentity = (one: ServerIdentity, other: ServerIdentity): boolean =>
  otherFacts(one, other).length === 0

/**
 * Refuses a target whose URL leads elsewhere since the run identified it.
 * @throws STOP_TARGET_REFUSED when another server, database, version or role answers than the one that was identified
 */
export function assertSameIdentity(expected: ServerIdentity, found: ServerIdentity): void {
  const wrong = otherFacts(expected, found)
  if (wrong.length === 0) return
  const what = wrong.map((key) => `${key} is ${found[key]}, was ${expected[key]}`).join('; ')
  throw new Stop(
    'STOP_TARGET_REFUSED',
    `the target is no longer the one that was identified: ${what}; nothing was changed`,
    {
      next: 'point the target back to that server, or cancel this run',
    },
  )
}
