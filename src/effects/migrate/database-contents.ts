import type { Sql } from '../../targets/target.ts'

/** A database's rows, told apart by counts and sums that do not depend on the order of rows. */
export interface DatabaseContents {
  tables: { [table: string]: { rows: string; sum: string } }
  largeObjects: { objects: number; sum: string }
}

/** Whole tables and materialized views, those of extensions left out. Sums hash each row's text, so any value counts. */
export async function readDatabaseContents(
  sql: Sql,
  progress: (text: string) => void,
): Promise<DatabaseContents> {
  // Rows that a policy hides must be an error, never left out; and names in values come out the same everywhere.
  await sql.query('set local row_security = off')
  await sql.query('set local search_path = pg_catalog')
  const { rows: found } = await sql.query<{ name: string; relation: string }>(TABLES)
  const tables: DatabaseContents['tables'] = {}
  for (const { name, relation } of found) {
    progress(`reading ${name}`)
    const { rows } = await sql.query<{ rows: string; sum: string }>(
      `select count(*)::text as rows, coalesce(sum(hashtextextended((t.*)::text, 0)::numeric), 0)::text || '/'
         || coalesce(sum(hashtextextended((t.*)::text, 1)::numeric), 0)::text as sum from only ${relation} t`,
    )
    tables[name] = rows[0]!
  }
  const { rows } = await sql.query<DatabaseContents['largeObjects']>(LARGE_OBJECTS)
  return { tables, largeObjects: rows[0]! }
}

const TABLES = `
  select n.nspname || '.' || c.relname as name, format('%I.%I', n.nspname, c.relname) as relation
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where (c.relkind = 'r' or (c.relkind = 'm' and c.relispopulated)) and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
  order by name`

/** Piece by piece, since one may be larger than a value can be. */
const LARGE_OBJECTS = `
  with recursive pieces as (
    select oid, 0::bigint as at, lo_get(oid, 0, 4194304) as bytes from pg_largeobject_metadata
    union all
    select oid, at + 4194304, lo_get(oid, at + 4194304, 4194304) from pieces where octet_length(bytes) = 4194304
  )
  select count(distinct oid)::int as objects,
    coalesce(sum(hashtextextended(oid || ' ' || at || ' ' || encode(sha256(bytes), 'hex'), 0)::numeric), 0)::text as sum
  from pieces`

/** Sequences stand outside of transactions: they may move while a backup is taken, so they are read before and after. */
export type SequenceValues = { [sequence: string]: string | null }

export async function readSequenceValues(sql: Sql): Promise<SequenceValues> {
  const { rows } = await sql.query<{ name: string; value: string | null }>(
    `select schemaname || '.' || sequencename as name, last_value::text as value from pg_sequences order by name`,
  )
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
}

/** A line for each difference between what was backed up and what was restored. */
export function compareContents(source: DatabaseContents, copy: DatabaseContents): string[] {
  const names = [...new Set([...Object.keys(source.tables), ...Object.keys(copy.tables)])].sort()
  const lines = names.flatMap((name) => {
    const [was, is] = [source.tables[name], copy.tables[name]]
    if (was === undefined) return [`table ${name} is in the copy only`]
    if (is === undefined) return [`table ${name} is missing from the copy`]
    if (was.rows !== is.rows)
      return [`table ${name} has ${is.rows} rows in the copy, ${was.rows} in the source`]
    return was.sum === is.sum ? [] : [`table ${name} has other values in the copy`]
  })
  const [was, is] = [source.largeObjects, copy.largeObjects]
  if (was.objects !== is.objects)
    lines.push(`the copy has ${is.objects} large objects, the source ${was.objects}`)
  else if (was.sum !== is.sum) lines.push('a large object has other bytes in the copy')
  return lines
}

export function compareSequences(
  before: SequenceValues,
  after: SequenceValues,
  copy: SequenceValues,
): string[] {
  return Object.keys(before).flatMap((name) => {
    const values = [before[name], after[name]].map((value) => BigInt(value ?? 0))
    const [low, high] = values[0]! <= values[1]! ? values : [values[1], values[0]]
    if (copy[name] === undefined) return [`sequence ${name} is missing from the copy`]
    const found = BigInt(copy[name] ?? 0)
    return found >= low! && found <= high!
      ? []
      : [`sequence ${name} stands at ${found} in the copy, not at ${high}`]
  })
}
