import { digestOf } from '../../domain/json.ts'
import type { Named, Surface, Survey, UnitRow } from '../survey.ts'
import type { Sql } from '../target.ts'
import { readSurveyCounts } from './survey-counts.ts'
import { UNIT_TABLES } from './target-schema.ts'

/**
 * Surveys a target for a document (`doc_code` of the units, `source_doc_ref` of the governance rows). Meant for a read-only
 * transaction: no statement here writes.
 */
export async function readSurvey(client: Sql, document: string): Promise<Survey> {
  const server = await surveyServer(client)
  const { counts, unreadable } = await readSurveyCounts(client, document)
  const units = await surveyUnits(client, document)
  const neighbours = await surveyNeighbours(client, document)
  const surface = await readSurface(client)
  return {
    server,
    counts,
    unreadable,
    surface,
    grantMatrixDigest: digestOf(surface.grants),
    units,
    neighbours,
  }
}

async function surveyServer(client: Sql): Promise<Survey['server']> {
  const { rows } = await client.query<Survey['server']>(
    `select (pg_control_system()).system_identifier::text as "systemIdentifier", current_database() as database,
       current_setting('server_version') as version, current_setting('server_version_num')::int as "versionNumber",
       current_user as "user"`,
  )
  return rows[0]!
}

async function surveyUnits(client: Sql, document: string): Promise<UnitRow[]> {
  const { rows } = await client.query<UnitRow>(
    // In alphabetical order: canonical JSON sorts keys, and thousands of these rows are written.
    `select u.canonical_address as address, v.content_hash as "contentHash", u.created_by as "createdBy",
       u.lifecycle_status as "lifecycleStatus", p.content_hash as "pendingHash", p.version_seq as "pendingSeq",
       u.sort_order as "sortOrder", u.id as "unitId", v.id as "versionId", v.version_seq as "versionSeq",
       v.lifecycle_status as "versionStatus"
     from public.information_unit u
     left join lateral (
       select a.id, a.content_hash, a.version_seq, a.lifecycle_status from public.unit_version a
       where a.id = u.version_anchor_ref and a.unit_id = u.id limit 1) v on true
     left join lateral (
       select n.version_seq, n.content_hash from public.unit_version n
       where n.unit_id = u.id and n.version_seq > v.version_seq order by n.version_seq desc limit 1) p on true
     where u.doc_code = $1 order by u.canonical_address collate "C"`,
    [document],
  )
  return rows
}

async function surveyNeighbours(client: Sql, document: string): Promise<Survey['neighbours']> {
  const { rows } = await client.query<Survey['neighbours'][number]>(
    `select canonical_address as address, doc_code as document from public.information_unit
     where upper(split_part(canonical_address, '/', 1)) = upper($1) and doc_code is distinct from $1
     order by canonical_address collate "C"`,
    [document],
  )
  return rows
}

/** Reads the surface alone. */
export async function readSurface(client: Sql): Promise<Surface> {
  // The search path decides which names of a definition are qualified. The survey sets its own and restores the old one.
  const { rows: before } = await client.query<{ path: string }>(
    `select current_setting('search_path') as path`,
  )
  await client.query(`select set_config('search_path', 'pg_catalog, pg_temp', false)`)
  try {
    const functions = await digests(client, FUNCTIONS)
    const triggers = await digests(client, TRIGGERS)
    const constraints = [...(await digests(client, CONSTRAINTS)), ...(await digests(client, TABLES))].sort(
      byName,
    )
    const { rows: grants } = await client.query<Surface['grants'][number]>(GRANTS)
    return { functions, triggers, constraints, grants }
  } finally {
    await client
      .query(`select set_config('search_path', $1, false)`, [before[0]!.path])
      .catch(() => undefined)
  }
}

async function digests(client: Sql, sql: string): Promise<Named[]> {
  const { rows } = await client.query<{ name: string; facts: unknown }>(sql)
  return rows.map(({ name, facts }) => ({ name, digest: digestOf(facts) })).sort(byName)
}

function byName(left: Named, right: Named): number {
  return left.name < right.name ? -1 : left.name > right.name ? 1 : 0
}

// Definitions are compared without case, white space and brackets, because major versions differ in those.
const plain = (definition: string) => `lower(regexp_replace(${definition}, '[\\s()]+', ' ', 'g'))`

const cutterTables = `(n.nspname = 'cutter_governance' or (n.nspname = 'public' and c.relname in (${UNIT_TABLES.map((table) => `'${table}'`).join(', ')})))
  and c.relkind in ('r', 'p')`

const cutterFunctions = `(n.nspname = 'cutter_governance' or (n.nspname = 'public' and p.proname ~ '^fn_iu_'))`

const FUNCTIONS = `
  select format('%s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as name,
    json_build_array(p.prosrc, ${plain('pg_get_function_arguments(p.oid)')}, ${plain('pg_get_function_result(p.oid)')}, l.lanname,
      p.prosecdef, p.proconfig, p.provolatile, p.proisstrict, p.proleakproof, pg_get_userbyid(p.proowner) = 'cutter_owner') as facts
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
  where ${cutterFunctions}`

const TRIGGERS = `
  select format('%s.%s.%s', n.nspname, c.relname, t.tgname) as name,
    json_build_array(${plain('pg_get_triggerdef(t.oid)')}, t.tgenabled) as facts
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
  where not t.tgisinternal and ${cutterTables}`

const CONSTRAINTS = `
  select format('%s.%s.%s', n.nspname, c.relname, k.conname) as name,
    json_build_array(${plain('pg_get_constraintdef(k.oid)')}, k.contype, k.condeferrable, k.condeferred, k.convalidated) as facts
  from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
  where k.contype not in ('n', 't') and ${cutterTables}`

const TABLES = `
  select format('%s.%s (table)', n.nspname, c.relname) as name,
    json_build_array(pg_get_userbyid(c.relowner) = 'cutter_owner', c.relrowsecurity, c.relforcerowsecurity, c.relhasrules,
      (select json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated,
          ${plain('pg_get_expr(d.adbin, d.adrelid)')}) order by a.attname collate "C")
        from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)) as facts
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where ${cutterTables}`

// Owners are left out, because their rights are implied and grow with major versions. Schema public counts with the rights of
// Cutter's roles and everybody's right to create, because its owner differs between servers.
const GRANTS = `
  with ours as (
    select format('table %s.%s', n.nspname, c.relname) as object, c.relowner as owner, c.relacl as acl
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where ${cutterTables}
    union all
    select format('column %s.%s.%s', n.nspname, c.relname, a.attname), c.relowner, a.attacl
      from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      where a.attacl is not null and ${cutterTables}
    union all
    select format('function %s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), p.proowner,
        coalesce(p.proacl, acldefault('f', p.proowner))
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${cutterFunctions}
    union all
    select format('schema %s', n.nspname), n.nspowner, n.nspacl
      from pg_namespace n where n.nspname in ('cutter_governance', 'public')
  ), granted as (
    select case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee)::text end as grantee, o.object,
        a.privilege_type || case when a.is_grantable then ' with grant option' else '' end as privilege
      from ours o cross join lateral aclexplode(o.acl) a where a.grantee <> o.owner
  )
  select distinct grantee collate "C" as grantee, object collate "C" as object, lower(privilege) collate "C" as privilege
  from granted
  where object <> 'schema public' or grantee ~ '^cutter_' or (grantee = 'public' and privilege ~ '^CREATE')
  order by 1, 2, 3`
