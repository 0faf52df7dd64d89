import type { Sql } from '../../targets/target.ts'

/** What is in a database: counts and sums of its rows, which do not depend on their order. */
export interface DatabaseContents {
  tables: { [table: string]: { rows: string; sum: string } }
  largeObjects: { objects: number; sum: string }
}

/**
 * Reads all tables and materialized views except those of extensions. A sum hashes each row's text, so every value counts.
 * `progress` is called with a sentence for each table.
 */
export async function readDatabaseContents(
  sql: Sql,
  progress: (text: string) => void,
): Promise<DatabaseContents> {
  // Rows that a policy hides must be an error and not be left out. The fixed search path makes names in values portable.
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

/** In pieces of 4 MiB, because a large object may exceed the size limit of a value. */
const LARGE_OBJECTS = `
  with recursive pieces as (
    select oid, 0::bigint as at, lo_get(oid, 0, 4194304) as bytes from pg_largeobject_metadata
    union all
    select oid, at + 4194304, lo_get(oid, at + 4194304, 4194304) from pieces where octet_length(bytes) = 4194304
  )
  select count(distinct oid)::int as objects,
    coalesce(sum(hashtextextended(oid || ' ' || at || ' ' || encode(sha256(bytes), 'hex'), 0)::numeric), 0)::text as sum
  from pieces`

/** Returns a line for each difference between what was backed up and what was restored. */
export function compareContents(source: DatabaseContents, restored: DatabaseContents): string[] {
  const names = [...new Set([...Object.keys(source.tables), ...Object.keys(restored.tables)])].sort()
  const lines = names.flatMap((name) => {
    const was = source.tables[name]
    const is = restored.tables[name]
    if (was === undefined) return [`table ${name} exists in the rehearsal database only`]
    if (is === undefined) return [`table ${name} is missing from the rehearsal database`]
    if (was.rows !== is.rows)
      return [`table ${name} has ${is.rows} rows in the rehearsal database, ${was.rows} in the source`]
    return was.sum === is.sum ? [] : [`table ${name} has other values in the rehearsal database`]
  })
  const was = source.largeObjects
  const is = restored.largeObjects
  if (was.objects !== is.objects)
    lines.push(`the rehearsal database has ${is.objects} large objects, the source ${was.objects}`)
  else if (was.sum !== is.sum) lines.push('a large object has other bytes in the rehearsal database')
  return lines
}
