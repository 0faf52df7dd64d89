import type { Sql } from '../target.ts'

// The names of a target's objects, and a test for them.
//
// Writers are `security definer` functions whose owner cannot log in. Guard triggers behind the privileges check `current_user`. The writer
// functions take arrays; the forms for one unit call those. No statement over units joins two tables, because the planner has no statistics
// while a cut is written and would choose a nested loop. Rows are found one by one (lateral, limit 1) or by `= any`, and a test counts the
// rows that are read.

/** The roles that log in. Everything belongs to cutter_owner, which cannot log in. */
export const LOGIN_ROLES = ['cutter_reader', 'cutter_executor', 'cutter_verifier'] as const
/** A role that logs in. */
export type LoginRole = (typeof LOGIN_ROLES)[number]

/** The tables of schema public: units, their versions and their lifecycle. */
export const UNIT_TABLES = [
  'information_unit',
  'unit_version',
  'iu_lifecycle_log',
  'iu_lifecycle_vocab',
] as const

/** The tables of schema cutter_governance: the record of who decided and did what. */
export const GOVERNANCE_TABLES = [
  'manifest_envelope',
  'manifest_unit_block',
  'cut_change_set',
  'cut_change_set_affected_row',
  'review_decision',
  'verify_result',
  'dot_pair_signature',
  'canonical_address_alias',
  'decision_backlog_entry',
  'decision_backlog_history',
  'decision_backlog_dependency',
  'decision_backlog_sweep_log',
] as const

/**
 * Tells whether a database has Cutter's schema. `older`: an earlier version made it, without the fencing that every write needs, or
 * without what readers read. It reads the catalog alone, so every role may ask.
 */
export async function readSchemaState(client: Sql): Promise<'absent' | 'ours' | 'older' | 'foreign'> {
  const { complete, current, foreign } = await findSchemaObjects(client)
  if (complete) return current ? 'ours' : 'older'
  return foreign.length === 0 ? 'absent' : 'foreign'
}

/**
 * Finds the objects with Cutter's names. `complete`: Cutter's schema is there and nothing is foreign. `current`: it has all schemas of this
 * version. `foreign`: the objects with Cutter's names that Cutter did not create.
 */
export async function findSchemaObjects(
  client: Sql,
): Promise<{ complete: boolean; current: boolean; foreign: string[] }> {
  const { rows } = await client.query<{ object: string; ours: boolean }>(
    `select format('%s %I.%I', 'table', n.nspname, c.relname) as object, pg_get_userbyid(c.relowner) = 'cutter_owner' as ours
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where (n.nspname = 'public' and c.relname = any ($1::text[]))
          or (n.nspname = 'cutter_governance' and c.relname = 'schema_migration')
          or (n.nspname = 'cutter_fencing' and c.relname = 'token')
          or (n.nspname = 'cutter_reading' and c.relname in ('unit_version', 'alias'))
     union all
     select distinct format('function public.%I', p.proname), pg_get_userbyid(p.proowner) = 'cutter_owner'
       from pg_catalog.pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname ~ '^fn_iu_'
     union all
     select format('schema %I', nspname), pg_get_userbyid(nspowner) = 'cutter_owner'
       from pg_catalog.pg_namespace where nspname in ('cutter_governance', 'cutter_fencing', 'cutter_reading')
     order by 1`,
    [[...UNIT_TABLES]],
  )
  const initialised = rows.some(
    (row) => row.ours && row.object === 'table cutter_governance.schema_migration',
  )
  const foreign = rows.filter((row) => !initialised || !row.ours).map((row) => row.object)
  const has = (object: string) => rows.some((row) => row.ours && row.object === `table ${object}`)
  const current = ['cutter_fencing.token', 'cutter_reading.unit_version', 'cutter_reading.alias'].every(has)
  return { complete: initialised && foreign.length === 0, current, foreign }
}
