import type { Sql } from '../../targets/target.ts'

/**
 * Which tables and columns are the same as before, and which only bear the name and the definition of what was there: what was in
 * those is gone, and no catalogue and no statistics tell. For use within one transaction: ids mean nothing elsewhere.
 */
export interface ObjectIdentities {
  /** By the catalogue's names: `table public.unit`, `column public.unit.state`. */
  objects: Map<string, { id: string; within: string | null }>
  /** Storage by table, `public.unit`. */
  storage: Map<string, string | null>
}

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

/** `recreated`: by the catalogue's names, a new table's columns left out. `rewritten`: tables with another storage. */
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
