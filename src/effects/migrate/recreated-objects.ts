import type { Sql } from '../../targets/target.ts'

/**
 * The ids of tables and columns, and the storage of tables. A dropped and recreated object may have the same name and definition
 * as before, although its rows are gone; neither the catalogue nor the statistics show it. The ids have a meaning only within one
 * transaction.
 */
export interface ObjectIdentities {
  /** By the catalogue's names: `table public.unit`, `column public.unit.state`. */
  objects: Map<string, { id: string; within: string | null }>
  /** Storage by table, `public.unit`. */
  storage: Map<string, string | null>
}

/** Reads the ids of all tables and columns, and the storage of all tables, outside of the system's schemas. */
export async function readObjectIdentities(sql: Sql): Promise<ObjectIdentities> {
  const { rows } = await sql.query<{
    label: string
    table: string
    column: string | null
    id: string
    storage: string | null
  }>(
    `select t.label, 'table ' || t.label as table, null as column, t.oid::text as id, pg_catalog.pg_relation_filenode(t.oid)::text as storage
     from (${TABLES}) t
     union all
     select t.label, 'table ' || t.label, 'column ' || t.label || '.' || a.attname, a.attnum::text, null
     from (${TABLES}) t join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped`,
  )
  const tables = rows.filter(({ column }) => column === null)
  return {
    objects: new Map(
      rows.map(({ table, column, id }) => [column ?? table, { id, within: column === null ? null : table }]),
    ),
    storage: new Map(tables.map(({ label, storage }) => [label, storage])),
  }
}

const TABLES = `
  select c.oid, n.nspname || '.' || c.relname as label from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`

/**
 * Finds what was dropped and made again under the same name. `recreated` holds names of the catalogue, without the columns of a
 * recreated table. `rewritten` holds tables whose storage was replaced.
 */
export function findRecreatedObjects(
  before: ObjectIdentities,
  after: ObjectIdentities,
): { recreated: string[]; rewritten: string[] } {
  const differs = (name: string) =>
    before.objects.has(name) &&
    after.objects.has(name) &&
    before.objects.get(name)!.id !== after.objects.get(name)!.id
  return {
    recreated: [...after.objects]
      .filter(([name, { within }]) => differs(name) && (within === null || !differs(within)))
      .map(([name]) => name)
      .sort(),
    rewritten: [...after.storage]
      .filter(([label, storage]) => before.storage.has(label) && before.storage.get(label) !== storage)
      .map(([label]) => label)
      .sort(),
  }
}
