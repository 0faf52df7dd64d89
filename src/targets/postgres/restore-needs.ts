import type { Sql } from '../target.ts'

/** What pg_restore alone can't restore of a backup, and how Cutter restored it. */
export interface RestoreNeed {
  /** `rows of public.unit`, or an entry of the dump such as `INDEX unit_title`. */
  what: string
  /** The server's message, with the functions in which it met the error, and the rule that called them. */
  because: string
  /** The settings of the session in which it worked; none where it only had to come after something else. */
  settings: Setting[]
  /** Of rows: their table. */
  table?: { schema: string; table: string }
  /** Of rows: what was not enforced while they were copied. */
  without?: Relaxation[]
}

export type Setting = [name: string, value: string]

/** A rule that rejects rows which the source has. */
export interface Relaxation {
  /** By the names of the catalogue: the rule, on its table and on those that inherit it. */
  objects: string[]
  /** SQL before the rows are copied. */
  before: string[]
  /** SQL afterwards. The rule then holds for new rows alone. */
  after: string[]
}

/** These would change how the rows of a dump are read, or for how long. */
const NOT_APPLIED =
  /^(?:client_encoding|datestyle|intervalstyle|xmloption|row_security|bytea_output|role|session_authorization|session_replication_role|standard_conforming_strings|.*_timeout|default_transaction_.*|transaction_.*|jit.*|log_.*|.*_preload_libraries)$/i

/**
 * The settings with which a restore is tried, in this order: those of pg_restore, the source's search path, all settings of the source, and a
 * search path of all schemas.
 * @param given.role whose name stands for `$user`
 */
export async function settingsToTry(
  sql: Sql,
  given: { settings: Setting[]; role: string },
  schema = 'public',
): Promise<Setting[][]> {
  const { rows } = await sql.query<{ own: string; all: string }>(
    `select pg_catalog.quote_ident($1) as own, (select pg_catalog.string_agg(pg_catalog.quote_ident(nspname), ', ' order by nspname <> $2, nspname)
       from pg_catalog.pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema') as all`,
    [given.role, schema],
  )
  const { own, all } = rows[0]!
  const named = given.settings.find(([name]) => name === 'search_path')?.[1] ?? '"$user", public'
  const path: Setting = ['search_path', named.replaceAll('"$user"', own).replaceAll(/\$user\b/g, own)]
  const others = given.settings.filter(([name]) => name !== 'search_path' && !NOT_APPLIED.test(name))
  return [
    [],
    [path],
    ...(others.length === 0 ? [] : [[path, ...others]]),
    [['search_path', all ?? 'public'], ...others],
  ]
}

/** Works in a transaction with these settings, and an empty search path where they name none. */
export async function withSettings<T>(sql: Sql, settings: Setting[], work: () => Promise<T>): Promise<T> {
  await sql.query('begin')
  try {
    for (const [name, value] of [['search_path', ''] as Setting, ...settings])
      await setLocal(sql, name, value)
    const value = await work()
    await sql.query('commit')
    return value
  } catch (error) {
    if ((error as { severity?: string }).severity === 'ERROR') await sql.query('rollback')
    throw error
  }
}

/** A setting that only a superuser may set is left out. */
async function setLocal(sql: Sql, name: string, value: string): Promise<void> {
  await sql.query('savepoint cutter_setting')
  try {
    await sql.query('select pg_catalog.set_config($1, $2, true)', [name, value])
  } catch (error) {
    if ((error as { severity?: string }).severity !== 'ERROR') throw error
    await sql.query('rollback to savepoint cutter_setting')
  }
  await sql.query('release savepoint cutter_setting')
}

/** The functions that a CONTEXT of the server names, the innermost first. */
export function functionsIn(context: string): string[] {
  const found = context.matchAll(
    /^(?:CONTEXT: {2})?(?:PL\/pgSQL function (.+?) (?:line|while|during) |SQL function "(.+)" (?:statement|during) )/gm,
  )
  return [...new Set([...found].map(([, procedural, sql]) => procedural ?? sql!))]
}

/** The functions of an error, the innermost first, and the rule that called the outermost. */
export function whereOf(functions: string[], rule: string | null = null): string {
  const places = [...functions, ...(rule === null ? [] : [rule])]
  return places.length === 0 ? '' : ` (in ${places.join(', called by ')})`
}
