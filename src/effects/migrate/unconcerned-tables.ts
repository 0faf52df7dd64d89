import type { SchemaDifference } from '../../migration/catalogue.ts'
import type { TableOfDump } from '../../targets/postgres/rows-of-dump.ts'
import type { Sql } from '../../targets/target.ts'

/** Objects that concern the tables to which they belong, and no others. Functions, types and the like may be used anywhere. */
const OF_A_TABLE =
  /^(?:table|column|constraint|index|trigger|policy|rule|statistics|sequence|view|materialized view|publication|default privileges|grant) /

/**
 * Finds the tables that a migration does not concern: it does not touch them, and nothing that it touches refers to them, inherits from them or
 * is a part of them. None where the migration changes something that any table may use.
 */
export async function findUnconcernedTables(
  sql: Sql,
  { touches, schema }: { touches: string[]; schema: SchemaDifference },
): Promise<TableOfDump[]> {
  const names = [...schema.added, ...schema.removed, ...schema.changed]
  if (!names.every((name) => OF_A_TABLE.test(name))) return []
  const { rows } = await sql.query<TableOfDump>(UNCONCERNED, [touches])
  return rows
}

/** A foreign key needs the rows to which it refers. */
const UNCONCERNED = `
  with recursive named as (
    select c.oid, n.nspname, c.relname, c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  ), edges as (
    select conrelid as one, confrelid as other from pg_constraint where contype = 'f'
    union select inhrelid, inhparent from pg_inherits
    union select inhparent, inhrelid from pg_inherits
  ), concerned as (
    select oid from named where nspname || '.' || relname = any ($1)
    union select e.other from concerned c join edges e on e.one = c.oid
  )
  select nspname::text as schema, relname::text as "table" from named
  where relkind = 'r' and oid not in (select oid from concerned)
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = named.oid and d.deptype = 'e')
  order by 1, 2`
