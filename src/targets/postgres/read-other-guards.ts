import { digestOf } from '../../domain/json.ts'
import type { Named } from '../survey.ts'
import type { Sql } from '../target.ts'
import { UNIT_TABLES } from './target-schema.ts'

/**
 * Reads what can refuse a write of Cutter and is not part of a plan's surface: indexes that are unique, partial or over expressions, and the
 * triggers of the table of tokens. A rehearsal behind other guards shows nothing about the target. The kind is part of the name.
 */
export async function readOtherGuards(sql: Sql): Promise<Named[]> {
  const { rows } = await sql.query<{ name: string; facts: unknown }>(OTHER_GUARDS)
  return rows.map(({ name, facts }) => ({ name, digest: digestOf(facts) }))
}

const cutterTables = `(n.nspname in ('cutter_governance', 'cutter_fencing')
  or (n.nspname = 'public' and c.relname in (${UNIT_TABLES.map((table) => `'${table}'`).join(', ')})))`

// Definitions are compared without case, white space and brackets, because major versions differ in those. Indexes of constraints are left
// out: the surface has their constraints.
const OTHER_GUARDS = `
  select format('index %s.%s', n.nspname, x.relname) as name,
    json_build_array(lower(regexp_replace(pg_get_indexdef(i.indexrelid), '[\\s()]+', ' ', 'g')), i.indisvalid) as facts
  from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_class x on x.oid = i.indexrelid
  where ${cutterTables} and (i.indisunique or i.indpred is not null or i.indexprs is not null)
    and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
  union all
  select format('trigger %s.%s.%s', n.nspname, c.relname, t.tgname),
    json_build_array(lower(regexp_replace(pg_get_triggerdef(t.oid), '[\\s()]+', ' ', 'g')), t.tgenabled)
  from pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where not t.tgisinternal and n.nspname = 'cutter_fencing'
  order by 1`
