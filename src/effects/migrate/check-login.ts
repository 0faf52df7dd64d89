import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { MigrationDatabase, ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { askStrictly, type Row } from './ask-check.ts'
import type { MigrateDeps } from './deps.ts'
import { describeRejection } from './migration-checks.ts'
import { readServerIdentity } from './server-identity.ts'

/** The login as which checks are asked on a target before an approval. */
export interface CheckLogin {
  /** As the plan names it: `reader shop_reader`, `owner shop_owner`. */
  name: string
  /** Why it may not run functions of the application, or null. */
  objection: string | null
}

/** Longest time of a check before an approval: it runs on a server in production, and nobody has seen it yet. In seconds. */
const MAX_SECONDS = 60

/** Asks one check. `unanswered` is why the target can't answer it before the approval. */
export type AskTarget = (
  text: string,
) => Promise<{ rows: { [column: string]: unknown }[] | string } | { unanswered: string }>

/**
 * Opens the target for checks: as the reader where cutter.yaml names one, else as the role that migrates. The session is read-only,
 * has `search_path = pg_catalog, pg_temp`, and ends every statement after the time that bundle.yaml allows, at most 60 seconds.
 * @throws STOP_TARGET_REFUSED when the reader's URL leads to another server or database than was identified
 */
export async function withCheckLogin<T>(
  deps: Pick<MigrateDeps, 'openDatabase' | 'openReader'>,
  context: EffectContext,
  given: { target: string; identity: ServerIdentity; statementTimeoutSeconds: number },
  work: (login: CheckLogin, ask: AskTarget, sql: Sql) => Promise<T>,
): Promise<T> {
  const { target, identity } = given
  const reader = await deps.openReader(target)
  const database: MigrationDatabase = reader ?? (await deps.openDatabase(target))
  const seconds = Math.min(given.statementTimeoutSeconds, MAX_SECONDS)
  return database.read(context, async (sql) => {
    const found = await readServerIdentity(sql)
    assertSameDatabase(identity, found, target)
    const login =
      reader === null
        ? { name: `owner ${found.role}`, objection: NO_READER }
        : { name: `reader ${found.role}`, objection: await findObjection(sql, found.role) }
    // Parallel workers would only add to the load.
    await sql.query(
      `set local statement_timeout = ${Math.round(seconds * 1_000)}; set local max_parallel_workers_per_gather = 0; ${ALL_ROWS}`,
    )
    return work(login, (text) => askTarget(sql, text, seconds), sql)
  })
}

/**
 * Asks the target after the commit, as the reader, the checks that qualify. What the server denies the reader is left out: the owner
 * asks it then.
 * @returns rows by the text of the check
 * @throws STOP_TARGET_REFUSED when the reader's URL leads to another server or database than was identified
 */
export async function askAsReader(
  deps: Pick<MigrateDeps, 'openReader'>,
  context: EffectContext,
  { target, identity }: { target: string; identity: ServerIdentity },
  texts: string[],
): Promise<Map<string, Row[]>> {
  const answers = new Map<string, Row[]>()
  const reader = await deps.openReader(target)
  if (reader === null || texts.length === 0) return answers
  return reader.read(context, async (sql) => {
    assertSameDatabase(identity, await readServerIdentity(sql), target)
    await sql.query(ALL_ROWS)
    for (const text of texts) {
      const rows = await askStrictly(sql, text).catch(describeRejection)
      if (typeof rows !== 'string') answers.set(text, rows)
    }
    return answers
  })
}

/** A check that a policy hides rows from is an error, and no policy runs. */
const ALL_ROWS = 'set local row_security = off'

const NO_READER = 'cutter.yaml names no readerUrlEnv for this target'

async function askTarget(sql: Sql, text: string, seconds: number): ReturnType<AskTarget> {
  try {
    return { rows: await askStrictly(sql, text) }
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === '57014') return { unanswered: `it takes longer than ${seconds} s` }
    if (code === '42501') return { unanswered: `the server says: ${(error as Error).message}` }
    return { rows: describeRejection(error as Error) }
  }
}

/** @throws STOP_TARGET_REFUSED when the two are not the same server and database */
function assertSameDatabase(expected: ServerIdentity, found: ServerIdentity, target: string): void {
  if (expected.systemIdentifier === found.systemIdentifier && expected.database === found.database) return
  throw new Stop(
    'STOP_TARGET_REFUSED',
    `the reader of target ${target} is in database ${found.database} of system ${found.systemIdentifier}, and the target is ${expected.database} of ${expected.systemIdentifier}; nothing was changed`,
    { next: `let targets.${target}.readerUrlEnv name a URL of the same database, then resume the run` },
  )
}

/** Returns what the role could do with a function that does not only look, or null where it owns nothing and has no power. */
async function findObjection(sql: Sql, role: string): Promise<string | null> {
  const { rows } = await sql.query<{ power: string }>(POWERS)
  if (rows.length === 0) return null
  return `the reader ${role} ${rows.map(({ power }) => power).join(' and ')}`
}

/** Of the login and of every role that it is a member of. The listed roles of the server only read. */
const POWERS = `
with mine as (
  select oid, rolname, rolname = session_user as own, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
  from pg_roles where pg_has_role(session_user, oid, 'MEMBER') or rolname = session_user
)
select power from (
  select 1 as at, 'is a superuser' as power from mine where rolsuper
  union select 2, 'owns objects' from mine join pg_shdepend d on d.refclassid = 'pg_authid'::regclass and d.refobjid = mine.oid
    where d.deptype = 'o'
  union select 3, 'may create roles or databases, replicate, or bypass policies' from mine
    where rolcreaterole or rolcreatedb or rolreplication or rolbypassrls
  union select 4, 'is a member of ' || rolname from mine where rolname like 'pg\\_%'
    and rolname not in ('pg_read_all_data', 'pg_read_all_settings', 'pg_read_all_stats', 'pg_stat_scan_tables', 'pg_monitor')
) powers where not exists (select from mine where rolsuper) or at = 1 order by at, power`
