import { Stop } from '../../domain/errors.ts'
import type { Sql } from '../../targets/target.ts'

/**
 * The whole text in one message, as it is, with its deferred constraints and triggers; afterwards the session is again who and where it was, and set as it was. Gives the
 * relations that the script touched, and the schemas in which their names were looked up: every relation that a transaction
 * reads, writes or alters is locked by it until its end.
 */
export async function runScript(sql: Sql, text: string, what = 'script'): Promise<string[]> {
  const { rows } = await sql.query<{ path: string; settings: [string, string][] | null }>(
    `select pg_catalog.current_setting('search_path') as path,
       pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(name, setting)) as settings
     from pg_catalog.pg_settings where source = 'session'`,
  )
  const { path, settings } = rows[0]!
  try {
    await sql.query(text)
    // What is deferred to the commit happens now, while it can still be measured.
    await sql.query('reset role; set constraints all immediate')
  } catch (error) {
    throw findScriptError(error as ServerError, text, what) ?? error
  }
  await sql.query('set statement_timeout = 0')
  const touched = await touchedBy(sql, path)
  await sql.query('reset all')
  for (const [name, value] of settings ?? [])
    await sql.query('select pg_catalog.set_config($1, $2, false)', [name, value])
  return touched
}

interface ServerError extends Error {
  severity?: string
  code?: string
  position?: string
}

/** An error that the server answers with: it rolled back. Locks and lost connections have stops of their own. */
export function findScriptError(error: ServerError, text: string, what = 'script'): Stop | null {
  if (error.severity !== 'ERROR' || error.code === '55P03') return null
  const line =
    error.position === undefined ? null : text.slice(0, Number(error.position) - 1).split('\n').length
  const where = line === null ? '' : `, line ${line}`
  return new Stop(
    'STOP_MIGRATION_FAILED',
    `the server refused the ${what} (${error.code}${where}): ${error.message}; rolled back whole`,
    {
      data: { sqlState: error.code ?? null, line },
      cause: error,
    },
  )
}

async function touchedBy(sql: Sql, pathBefore: string): Promise<string[]> {
  const { rows } = await sql.query<{ name: string }>(
    `with locked as (
       select distinct coalesce(i.indrelid, l.relation) as oid
       from pg_catalog.pg_locks l left join pg_catalog.pg_index i on i.indexrelid = l.relation
       where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation'
         and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
     ), relations as (
       select n.nspname::text as schema, c.relname::text as name from locked join pg_catalog.pg_class c using (oid)
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
     )
     select schema || '.' || name as name from relations
     union select schema from relations
     union select case trimmed when '$user' then session_user::text else trimmed end
     from pg_catalog.regexp_matches($1 || ',' || pg_catalog.current_setting('search_path'), '"[^"]*"|[^,]+', 'g') part
       cross join lateral pg_catalog.btrim(part[1], ' "') trimmed
     order by 1`,
    [pathBefore],
  )
  return rows.map(({ name }) => name)
}
