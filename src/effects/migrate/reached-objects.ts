import type { Sql } from '../../targets/target.ts'

/** Kinds of objects that a check can reach. */
export type ObjectKind = 'relation' | 'function' | 'operator' | 'family' | 'opclass' | 'type'

/**
 * What leads from an object to what the server may run or read because of it: another object, a stored tree that names objects, or
 * a reason that ends the way. A `label` names the object for people.
 */
export interface Reached {
  from: number
  kind: ObjectKind | 'tree' | 'label' | 'fault'
  oid: number | null
  text: string | null
}

/** Objects below this id came with the server: FirstNormalObjectId in src/include/access/transam.h of PostgreSQL. */
export const FIRST_USER_OID = 16_384

/** Reads what leads on from objects of a kind. Function bodies and the judgement of functions are not part of it. */
export async function readReached(
  sql: Sql,
  kind: Exclude<ObjectKind, 'function'>,
  oids: number[],
): Promise<Reached[]> {
  const { rows } = await sql.query<Reached>(`${QUERIES[kind]} ${END}`, [oids])
  return rows
}

/** Joins the statements of a `with` list that ends with `reached (from, kind, oid, text)`. */
const END = `select "from"::int8::float8 as "from", kind, oid::int8::float8 as oid, text from reached where oid is not null or text is not null`

/** What an object that holds expressions depends on, by the server's own record. `parts` has (owner, class, oid, tree). */
const OF_PARTS = `
  select owner, 'tree', null::oid, tree from parts
  union all
  select owner, case d.refclassid when 'pg_proc'::regclass then 'function' when 'pg_operator'::regclass then 'operator'
      when 'pg_type'::regclass then 'type' when 'pg_class'::regclass then 'relation' when 'pg_opfamily'::regclass then 'family'
      else 'opclass' end, d.refobjid, null
  from parts p join pg_depend d on d.classid = p.class and d.objid = p.oid
  where d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass, 'pg_class'::regclass,
    'pg_opfamily'::regclass, 'pg_opclass'::regclass)`

const RELATION = `
with own as (
  select c.*, n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = any($1::oid[])
), parts (owner, class, oid, tree) as (
  select r.ev_class, 'pg_rewrite'::regclass, r.oid, r.ev_action::text from pg_rewrite r join own on own.oid = r.ev_class
    where own.relkind = 'v'
  union all select p.polrelid, 'pg_policy'::regclass, p.oid, p.polqual::text from pg_policy p join own on own.oid = p.polrelid
    where own.relrowsecurity and p.polcmd in ('r', '*')
  -- The planner evaluates what is constant in these, and reads with the functions of an index or partition.
  union all select k.conrelid, 'pg_constraint'::regclass, k.oid, k.conbin::text from pg_constraint k join own on own.oid = k.conrelid
    where k.contype = 'c'
  union all select i.indrelid, 'pg_class'::regclass, i.indexrelid, concat(i.indexprs, ' ', i.indpred) from pg_index i
    join own on own.oid = i.indrelid where i.indrelid >= ${FIRST_USER_OID}
  union all select s.stxrelid, 'pg_statistic_ext'::regclass, s.oid, to_jsonb(s) ->> 'stxexprs' from pg_statistic_ext s
    join own on own.oid = s.stxrelid
  union all select t.partrelid, 'pg_partitioned_table'::regclass, 0, t.partexprs::text from pg_partitioned_table t
    join own on own.oid = t.partrelid
  -- A partition is pruned by the keys of the tables above it.
  union all select own.oid, 'pg_partitioned_table'::regclass, 0, t.partexprs::text from own
    cross join lateral pg_partition_ancestors(own.oid) above join pg_partitioned_table t on t.partrelid = above.relid
  union all select a.adrelid, 'pg_attrdef'::regclass, a.oid, a.adbin::text from pg_attrdef a join own on own.oid = a.adrelid
    join pg_attribute t on t.attrelid = a.adrelid and t.attnum = a.adnum where t.attgenerated = 'v'
), reached ("from", kind, oid, text) as (${OF_PARTS}
  union all select oid, 'label', null, case relkind when 'v' then 'view ' when 'm' then 'materialized view ' else 'table ' end
    || nspname || '.' || relname from own
  union all select oid, 'fault', null, 'a foreign table reads another server' from own where relkind = 'f'
  union all select i.inhparent, 'relation', i.inhrelid, null from pg_inherits i join own on own.oid = i.inhparent
  union all select t.partrelid, 'opclass', unnest(t.partclass::oid[]), null from pg_partitioned_table t join own on own.oid = t.partrelid
  union all select own.oid, 'opclass', unnest(t.partclass::oid[]), null from own
    cross join lateral pg_partition_ancestors(own.oid) above join pg_partitioned_table t on t.partrelid = above.relid
  union all select i.indrelid, 'opclass', unnest(i.indclass::oid[]), null from pg_index i join own on own.oid = i.indrelid
)`

const OPERATOR = `
with own as (select * from pg_operator where oid = any($1::oid[])), reached ("from", kind, oid, text) as (
  select oid, 'function', nullif(f, 0), null from own cross join lateral unnest(array[oprcode, oprrest, oprjoin]::oid[]) f
  union all select oid, 'operator', nullif(o, 0), null from own cross join lateral unnest(array[oprcom, oprnegate]) o
  union all select oid, 'label', null, 'operator ' || oid::regoperator::text from own
  union all select m.amopopr, 'family', m.amopfamily, null from pg_amop m join own on own.oid = m.amopopr
    where own.oid >= ${FIRST_USER_OID}
)`

const FAMILY = `
with reached ("from", kind, oid, text) as (
  select amprocfamily, 'function', amproc::oid, null from pg_amproc where amprocfamily = any($1::oid[]) and amproc::oid >= ${FIRST_USER_OID}
  union all select amopfamily, 'operator', amopopr, null from pg_amop where amopfamily = any($1::oid[]) and amopopr >= ${FIRST_USER_OID}
)`

const OPCLASS = `
with reached ("from", kind, oid, text) as (select oid, 'family', opcfamily, null from pg_opclass where oid = any($1::oid[]))`

const TYPE = `
with own as (select * from pg_type where oid = any($1::oid[]) and oid >= ${FIRST_USER_OID}), parts (owner, class, oid, tree) as (
  select k.contypid, 'pg_constraint'::regclass, k.oid, k.conbin::text from pg_constraint k join own on own.oid = k.contypid
), reached ("from", kind, oid, text) as (${OF_PARTS}
  union all select oid, 'label', null, 'type ' || oid::regtype::text from own
  -- Those of the server belong to its kinds of types, such as array_in, and are denied only to those who call them by name.
  union all select oid, 'function', f, null from own
    cross join lateral unnest(array[typinput, typoutput, typreceive, typsend, typmodin, typmodout]::oid[]) f where f >= ${FIRST_USER_OID}
  union all select oid, 'type', nullif(t, 0), null from own cross join lateral unnest(array[typelem, typbasetype]) t
  union all select own.oid, 'type', a.atttypid, null from own join pg_attribute a on a.attrelid = own.typrelid and a.attnum > 0
  union all select own.oid, 'type', r.rngsubtype, null from own join pg_range r on r.rngtypid = own.oid
  union all select own.oid, 'type', r.rngtypid, null from own join pg_range r on to_jsonb(r) ->> 'rngmultitypid' = own.oid::text
  union all select own.oid, 'function', nullif(f, 0), null from own join pg_range r on r.rngtypid = own.oid
    cross join lateral unnest(array[r.rngcanonical, r.rngsubdiff]::oid[]) f
  union all select own.oid, 'opclass', r.rngsubopc, null from own join pg_range r on r.rngtypid = own.oid
  union all select own.oid, 'family', o.opcfamily, null from own join pg_opclass o on o.opcintype = own.oid
  -- The functions that make JSON call a cast without naming it, and so may the body of a function.
  union all select own.oid, 'function', nullif(c.castfunc, 0), null from own
    join pg_cast c on own.oid in (c.castsource, c.casttarget)
)`

const QUERIES = { relation: RELATION, operator: OPERATOR, family: FAMILY, opclass: OPCLASS, type: TYPE }

/** A function as it is judged. Ids are object ids. */
export interface ReachedFunction {
  oid: number
  /** Its name and the types of its arguments, such as `public.touch(integer)`; without a schema for those of the server. */
  label: string
  name: string
  /** i, s or v */
  volatility: string
  builtin: boolean
  ofExtension: boolean
  securityDefiner: boolean
  /** Settings that it changes, such as `search_path=public`. */
  settings: string[]
  language: string
  body: string
  trees: string[]
  functions: number[]
  operators: number[]
  types: number[]
}

/** Reads functions, with the functions that make up an aggregate. */
export async function readReachedFunctions(sql: Sql, oids: number[]): Promise<ReachedFunction[]> {
  const { rows } = await sql.query<ReachedFunction>(FUNCTIONS, [oids])
  return rows
}

const numbers = (array: string) =>
  `coalesce((select json_agg(x::int8) from unnest((${array})::oid[]) x where x <> 0), '[]')`

const FUNCTIONS = `
select p.oid::int8::float8 as oid, p.oid::regprocedure::text as label, proname::text as name, provolatile::text as volatility,
  p.oid < ${FIRST_USER_OID} as builtin, prosecdef as "securityDefiner", coalesce(proconfig, '{}') as settings,
  exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e') as "ofExtension",
  case prokind when 'a' then 'aggregate' else lanname::text end as language, prosrc as body,
  array_remove(array[to_jsonb(p) ->> 'prosqlbody', proargdefaults::text], null) as trees,
  ${numbers('array[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]')} as functions,
  ${numbers('array[aggsortop]')} as operators, ${numbers('coalesce(proallargtypes, proargtypes::oid[]) || prorettype')} as types
from pg_proc p join pg_language l on l.oid = p.prolang left join pg_aggregate g on g.aggfnoid = p.oid where p.oid = any($1::oid[])`

/** Reads everything that a word of a function's body may name, and the operators of the application that it may use. */
export async function readNamedObjects(
  sql: Sql,
  { body, words }: { body: string; words: string[] },
): Promise<{ kind: ObjectKind; oid: number }[]> {
  const { rows } = await sql.query<{ kind: ObjectKind; oid: number }>(NAMED, [words, body])
  return rows
}

const NAMED = `
select kind, oid::int8::float8 as oid from (
  select 'function' as kind, oid from pg_proc where proname = any($1)
  union all select 'relation', oid from pg_class where relname = any($1) and relkind in ('r', 'p', 'v', 'm', 'f')
  union all select 'type', reltype from pg_class where relname = any($1) and oid >= ${FIRST_USER_OID}
  union all select 'type', oid from pg_type where typname = any($1) and oid >= ${FIRST_USER_OID}
  union all select 'operator', oid from pg_operator where position(oprname::text in $2) > 0 and oid >= ${FIRST_USER_OID}
) named where oid <> 0`
