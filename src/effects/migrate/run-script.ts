import { Stop } from '../../domain/errors.ts'
import { failedStatementOf } from '../../domain/failed-statement.ts'
import { isFaultOfServer } from '../../domain/fault-of-server.ts'
import { serverMessage } from '../../domain/server-message.ts'
import { parseStatements } from '../../migration/sql-statements.ts'
import type { Sql } from '../../targets/target.ts'
import { STRICT_PATH } from './ask-check.ts'
import { SCATTERED } from './scattered-partitions.ts'

/**
 * Sends the text in one message, unchanged, and runs its deferred constraints and triggers. Afterwards the session has the role,
 * search path and settings that it had before. Returns the relations that the script touched and the schemas in which it looked
 * up their names. They are read from the locks: a transaction holds one on each relation that it reads, writes or alters.
 * @param what the name of the script in messages
 * @param firstLine the line of the file on which the text begins
 * @throws STOP_MIGRATION_FAILED when the server rejects the script
 */
export async function runScript(
  sql: Sql,
  text: string,
  what: ScriptKind = 'script',
  firstLine = 1,
): Promise<string[]> {
  const { rows } = await sql.query<{ settings: [string, string][] | null }>(
    `select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(name, setting)) as settings
     from pg_catalog.pg_settings where source = 'session'`,
  )
  // The script finds the search path of the login. Cutter's own queries have another.
  await sql.query('set search_path to default')
  const before = await readPath(sql)
  let ran = false
  try {
    await sql.query(text)
    ran = true
    // Deferred constraints and triggers run now, because their effect must be measured before the commit.
    await sql.query('reset role; set constraints all immediate')
  } catch (error) {
    const line = ran ? null : await lineOfFailure(error as ServerError, text, what, firstLine)
    throw findScriptError(error as ServerError, what, line) ?? error
  }
  const after = await readPath(sql)
  await sql.query(`set statement_timeout = 0; set search_path = ${STRICT_PATH}`)
  const touched = await readTouched(sql, `${before},${after}`)
  await sql.query('reset all')
  for (const [name, value] of rows[0]!.settings ?? [])
    await sql.query('select pg_catalog.set_config($1, $2, false)', [name, value])
  return touched
}

/** What is sent: a text that runs in a transaction, or one statement that runs alone. */
type ScriptKind = 'script' | 'rollback' | 'statement'

interface ServerError extends Error {
  severity?: string
  code?: string
  position?: string
}

/**
 * The line of the file at which the server rejected a text: of its position, in characters, or of the statement that failed. Null where neither
 * is known.
 */
async function lineOfFailure(
  error: ServerError,
  text: string,
  what: ScriptKind,
  firstLine: number,
): Promise<number | null> {
  if (error.position !== undefined)
    return text.slice(0, Number(error.position) - 1).split('\n').length + firstLine - 1
  // A statement that runs alone is named by its number.
  const number = what === 'statement' ? undefined : failedStatementOf(error)
  const parsed = number === undefined ? null : await parseStatements('script', text)
  if (parsed === null || 'fault' in parsed) return null
  const statement = parsed.statements[number! - 1]
  return statement === undefined ? null : statement.line + firstLine - 1
}

/**
 * Returns the stop for an error with which the server rejected a script, or null. Locks, lost connections and faults of the server have stops of
 * their own.
 */
export function findScriptError(
  error: ServerError,
  what: ScriptKind = 'script',
  line: number | null = null,
): Stop | null {
  if (error.severity !== 'ERROR' || isFaultOfServer(error.code)) return null
  const where = line === null ? '' : `, line ${line}`
  const kept = what === 'statement' ? '' : '; the transaction was rolled back'
  return new Stop(
    'STOP_MIGRATION_FAILED',
    `the server refused the ${what} (${error.code}${where}): ${serverMessage(error)}${kept}`,
    {
      ...(error.code === '57014' ? { next: CANCELLED } : {}),
      data: { sqlState: error.code ?? null, line, of: what },
      cause: error,
    },
  )
}

const CANCELLED =
  'if it needs longer than statementTimeoutSeconds, raise that in a new migration bundle or divide the statement, and start another run; if somebody cancelled it, ask why (the log of the server)'

async function readPath(sql: Sql): Promise<string> {
  const { rows } = await sql.query<{ path: string }>(
    `select pg_catalog.current_setting('search_path') as path`,
  )
  return rows[0]!.path
}

/**
 * A row that is written locks its partition. Where that depends on object ids, all partitions count.
 * @param paths schemas, separated by commas
 */
async function readTouched(sql: Sql, paths: string): Promise<string[]> {
  const { rows } = await sql.query<{ name: string }>(
    `with recursive ${SCATTERED}, locked as (
       select distinct coalesce(i.indrelid, l.relation) as oid
       from pg_catalog.pg_locks l left join pg_catalog.pg_index i on i.indexrelid = l.relation
       where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation'
         and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
     ), counted as (
       select oid from locked union select other.oid from locked join scattered one using (oid) join scattered other using (root)
     ), relations as (
       select n.nspname::text as schema, c.relname::text as name from counted join pg_catalog.pg_class c using (oid)
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
     )
     select schema || '.' || name as name from relations
     union select schema from relations
     union select case trimmed when '$user' then session_user::text else trimmed end
     from pg_catalog.regexp_matches($1, '"[^"]*"|[^,]+', 'g') part
       cross join lateral pg_catalog.btrim(part[1], ' "') trimmed
     order by 1`,
    [paths],
  )
  return rows.map(({ name }) => name)
}
