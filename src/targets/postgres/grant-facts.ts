import type { Sql } from '../target.ts'
import { GOVERNANCE_TABLES, LOGIN_ROLES, UNIT_TABLES } from './target-schema.ts'

// Grants as named facts, so that a person can read the rights of a role, and as a digest of all of them, so that none is missing. The
// expected values are in this file, because a run must not take its expectation from the server that it checks.

/** Digest of the grant matrix of a target that these migrations made (see `Survey`). A new migration with grants changes it. */
export const EXPECTED_GRANT_MATRIX_DIGEST =
  'sha256:8d67d2c5217a7b92381c7a4b1c4aca77cbc13f27782b5d4bcd7062c33ff37602'

const WRITERS = [
  'fn_iu_create',
  'fn_iu_add_version',
  'fn_iu_enact',
  'fn_iu_supersede',
  'fn_iu_retire',
] as const

interface Fact {
  name: string
  role: string
  /** One of the cases in FACTS_SQL. */
  question: string
  object: string
  expected: boolean
}

/** Reads every fact of EXPECTED_GRANT_FACTS from the server. All facts of a missing object or role are false. */
export async function readGrantFacts(client: Sql): Promise<Record<string, boolean>> {
  const { rows } = await client.query<{ name: string; holds: boolean }>(FACTS_SQL, [
    FACTS.map((fact) => fact.name),
    FACTS.map((fact) => fact.role),
    FACTS.map((fact) => fact.question),
    FACTS.map((fact) => fact.object),
  ])
  return Object.fromEntries(rows.map((row) => [row.name, row.holds]))
}

const FACTS: Fact[] = LOGIN_ROLES.flatMap((role) => {
  const short = role.slice('cutter_'.length)
  const fact = (words: string, question: string, object: string, expected: boolean): Fact => ({
    name: `${short}_${words}`,
    role,
    question,
    object,
    expected,
  })
  const executor = role === 'cutter_executor'
  const verifier = role === 'cutter_verifier'
  return [
    fact('exists', 'exists', '', true),
    fact('is_superuser_or_may_make_roles', 'powerful', '', false),
    fact('inherits_from_other_roles', 'inherits', '', false),
    fact('is_member_of_any_role', 'member', '', false),
    fact('owns_the_database', 'owner', '', false),
    fact('may_create_in_database', 'database-create', '', false),
    fact('may_create_in_public', 'schema-create', 'public', false),
    fact('may_use_public', 'schema-usage', 'public', true),
    fact('may_create_in_cutter_governance', 'schema-create', 'cutter_governance', false),
    fact('may_use_cutter_governance', 'schema-usage', 'cutter_governance', !(role === 'cutter_reader')),
    fact('may_read_cutter_governance', 'schema-select', 'cutter_governance', executor || verifier),
    fact('may_change_cutter_governance', 'schema-change', 'cutter_governance', false),
    // A function has several forms. The executor may call each of them, the other roles none.
    ...WRITERS.map((name) => fact(`may_call_${name}`, executor ? 'execute-each' : 'execute', name, executor)),
    ...UNIT_TABLES.flatMap((table) => [
      fact(`may_select_${table}`, 'select', table, true),
      fact(`may_insert_${table}`, 'insert', table, false),
      fact(`may_change_${table}`, 'change', table, false),
    ]),
    ...GOVERNANCE_TABLES.map((table) =>
      fact(`may_insert_${table}`, 'insert', table, insertsGovernance(role, table)),
    ),
  ]
})

/** The expected value of each fact, by its name. */
export const EXPECTED_GRANT_FACTS: Record<string, boolean> = Object.fromEntries(
  FACTS.map((fact) => [fact.name, fact.expected]),
)

function insertsGovernance(role: string, table: string): boolean {
  if (role === 'cutter_executor') return table !== 'verify_result'
  return role === 'cutter_verifier' && (table === 'verify_result' || table === 'dot_pair_signature')
}

/** Describes the facts that are not as expected. */
export function grantDifferences(found: Record<string, boolean>): string[] {
  return Object.entries(EXPECTED_GRANT_FACTS)
    .filter(([name, expected]) => found[name] !== expected)
    .map(([name, expected]) => `${name} is ${String(found[name])}, expected ${String(expected)}`)
}

// By object id throughout, because has_table_privilege fails by name for a reader that may not use the schema.
const FACTS_SQL = `
  with tables as (
    select c.oid, c.relname, c.relnamespace
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and n.nspname in ('public', 'cutter_governance')
  )
  select f.name, coalesce(case f.question
      when 'exists' then r.oid is not null and r.rolcanlogin
      when 'powerful' then r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolbypassrls
      when 'inherits' then r.rolinherit
      when 'member' then exists (select from pg_catalog.pg_auth_members m where m.member = r.oid)
      when 'owner' then exists (select from pg_catalog.pg_database d where d.datname = current_database() and d.datdba = r.oid)
      when 'database-create' then has_database_privilege(r.oid, current_database(), 'create')
      when 'schema-create' then has_schema_privilege(r.oid, n.oid, 'create')
      when 'schema-usage' then has_schema_privilege(r.oid, n.oid, 'usage')
      when 'schema-select' then exists (
        select from tables t where t.relnamespace = n.oid and has_any_column_privilege(r.oid, t.oid, 'select'))
      when 'schema-change' then exists (
        select from tables t where t.relnamespace = n.oid
          and (has_any_column_privilege(r.oid, t.oid, 'update') or has_table_privilege(r.oid, t.oid, 'delete, truncate, trigger')))
      when 'execute' then exists (
        select from pg_catalog.pg_proc p
          where p.pronamespace = 'public'::regnamespace and p.proname = f.object and has_function_privilege(r.oid, p.oid, 'execute'))
      when 'execute-each' then (
        select bool_and(has_function_privilege(r.oid, p.oid, 'execute')) from pg_catalog.pg_proc p
          where p.pronamespace = 'public'::regnamespace and p.proname = f.object)
      when 'select' then exists (select from tables t where t.relname = f.object and has_any_column_privilege(r.oid, t.oid, 'select'))
      when 'insert' then exists (select from tables t where t.relname = f.object and has_any_column_privilege(r.oid, t.oid, 'insert'))
      when 'change' then exists (
        select from tables t where t.relname = f.object
          and (has_any_column_privilege(r.oid, t.oid, 'update') or has_table_privilege(r.oid, t.oid, 'delete, truncate, trigger')))
    end, false) as holds
  from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as f (name, role, question, object)
    left join pg_catalog.pg_roles r on r.rolname = f.role
    left join pg_catalog.pg_namespace n on n.nspname = f.object`
