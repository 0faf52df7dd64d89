import type { Json } from '../../domain/json.ts'
import { ROLE_MARK } from '../../domain/role-mark.ts'
import { buildCatalogue, type Catalogue, type CatalogueObject } from '../../migration/catalogue.ts'
import type { Sql } from '../../targets/target.ts'
import { HISTORY_SCHEMA } from './migration-history.ts'
import { isReadingFunction } from './reading-functions.ts'

/**
 * Reads the catalogue of a database, without the system's own schemas and the members of extensions. The server hashes every
 * definition. Call it within a transaction: it sets the search path until the transaction ends, so that names are qualified.
 */
export async function readCatalogue(sql: Sql): Promise<Catalogue> {
  // Without pg_temp at the end, a temporary table named pg_class would hide objects from the queries.
  await sql.query('set local search_path = pg_catalog, pg_temp')
  const { rows } = await sql.query<{ name: string } & CatalogueObject>(CATALOGUE)
  return buildCatalogue(rows.filter(({ about }) => !isOfHistory(about)))
}

/** The history of migrations is Cutter's own, and no part of what is compared. */
const isOfHistory = (about: string | null) =>
  about === HISTORY_SCHEMA || about?.startsWith(`${HISTORY_SCHEMA}.`) === true

/** The definition of an object: what its digest stands for. */
export interface Definition {
  name: string
  about: string | null
  digest: string
  /** The server's own texts and values, in an order that depends on the kind of the object. */
  facts: Json
}

/** Reads the definitions of objects by their names. Call it within a transaction, as `readCatalogue`. */
export async function readDefinitions(sql: Sql, names: string[]): Promise<Definition[]> {
  if (names.length === 0) return []
  await sql.query('set local search_path = pg_catalog, pg_temp')
  const { rows } = await sql.query<Definition>(DEFINITIONS, [names])
  return rows
}

/**
 * The condition that an object comes with an extension. Such objects are not listed. Whoever owns an extension may add objects to it, and a superuser owns what
 * came with the extension itself. So an object of another owner is listed, although it is a member: no dump has it.
 */
export const memberOfExtension = (catalog: string, oid: string, owner: string) =>
  `exists (select from pg_depend e join pg_roles m on m.oid = ${owner} and m.rolsuper
     where e.classid = '${catalog}'::regclass and e.objid = ${oid} and e.deptype = 'e')`
/** The functions that make values of a range type come with the type. Their owner is whoever created the type, whoever owns it now. */
const MADE_BY_TYPE = `exists (select from pg_depend i where i.classid = 'pg_proc'::regclass and i.objid = p.oid and i.deptype = 'i'
     and i.refclassid = 'pg_type'::regclass)`
/** The roles that stand for pg_read_all_data in rehearsal databases. Their privileges are none of the source's. */
const READERS = `(array(select oid from pg_roles where current_database() ~ '^(rehearsal|restored)_' and rolname ~ '^cutter_readers_[0-9a-f]{24}$'
     and shobj_description(oid, 'pg_authid') = '${ROLE_MARK}'))`
const user = (schema: string) => `${schema}.nspname !~ '^pg_' and ${schema}.nspname <> 'information_schema'`
// Default privileges of everybody belong to the object; privileges that somebody granted are objects of their own.
const acl = (object: string, owner: string, own: string, byDefault?: string) => {
  const items = byDefault === undefined ? own : `coalesce(${own}, acldefault('${byDefault}', ${owner}))`
  return `select 'grant ' || lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end || ' on ' || ${object}
     || ' to ' || case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee)::text end,
     case when ${own} is null then ${object} end, own.about, null::jsonb
   from own cross join lateral aclexplode(${items}) a where a.grantee <> ${owner} and a.grantee <> all ${READERS}`
}

const functionName =
  "case p.prokind when 'a' then 'aggregate ' when 'p' then 'procedure ' else 'function ' end || p.oid::regprocedure::text"

/** The first id of an object that initdb did not make. */
const FIRST_OWN = 16384
const of = (catalog: string, owner: string, oid: string) =>
  `(select ${owner} from ${catalog} where oid = ${oid})`
const OWNER_OF_MEMBER = `case m.classid when 'pg_class'::regclass then ${of('pg_class', 'relowner', 'm.objid')}
  when 'pg_proc'::regclass then ${of('pg_proc', 'proowner', 'm.objid')} when 'pg_type'::regclass then ${of('pg_type', 'typowner', 'm.objid')}
  when 'pg_namespace'::regclass then ${of('pg_namespace', 'nspowner', 'm.objid')} end`
/** What an object out of sight does, by the texts that decide it. */
const definitionOf = (classid: string, oid: string) => `case ${classid}
  when 'pg_proc'::regclass then (select jsonb_build_array(p.prosrc, p.probin, p.prosecdef, p.provolatile, p.proconfig, p.proleakproof,
    case when p.prokind in ('f', 'p') then md5(pg_get_functiondef(p.oid)) end)
    from pg_proc p where p.oid = ${oid})
  when 'pg_class'::regclass then (select jsonb_build_array(c.relkind, case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
    (select jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod)) order by a.attnum) from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    (select jsonb_agg(pg_get_triggerdef(g.oid) order by g.tgname) from pg_trigger g where g.tgrelid = c.oid and not g.tgisinternal),
    (select jsonb_agg(pg_get_ruledef(r.oid) order by r.rulename) from pg_rewrite r where r.ev_class = c.oid and r.rulename <> '_RETURN'))
    from pg_class c where c.oid = ${oid}) end`
/**
 * Objects that are listed nowhere else, because they are in an extension, or among those of the server. Only a superuser can put some
 * there, no backup holds them, and by their definitions a copy is compared with what the extension itself brings.
 */
const OUT_OF_SIGHT = `
  select 'members of extension ' || x.extname, 'extension ' || x.extname, null::text,
    jsonb_agg(jsonb_build_array(i.type, i.identity, ${definitionOf('m.classid', 'm.objid')}) order by i.type collate "C", i.identity collate "C")
  from pg_depend m join pg_extension x on x.oid = m.refobjid cross join lateral pg_identify_object(m.classid, m.objid, m.objsubid) i
  where m.refclassid = 'pg_extension'::regclass and m.deptype = 'e' and m.objid >= ${FIRST_OWN}
    and coalesce((select rolsuper from pg_roles where oid = ${OWNER_OF_MEMBER}), true)
  group by x.extname
  union all
  select 'objects in schema ' || n.nspname, null, null, jsonb_agg(jsonb_build_array(i.type, i.identity, ${definitionOf('o.classid', 'o.oid')})
    order by i.type collate "C", i.identity collate "C")
  from (
    select 'pg_class'::regclass as classid, oid, relnamespace as place from pg_class where relkind in ('r', 'p', 'v', 'm', 'f', 'c', 'S')
    union all select 'pg_proc'::regclass, oid, pronamespace from pg_proc
    union all select 'pg_type'::regclass, oid, typnamespace from pg_type where typtype in ('e', 'd', 'r')
    union all select 'pg_namespace'::regclass, oid, oid from pg_namespace
  ) o join pg_namespace n on n.oid = o.place cross join lateral pg_identify_object(o.classid, o.oid, 0) i
  where o.oid >= ${FIRST_OWN} and not (${user('n')}) and n.nspname !~ '^pg_(toast_)?temp_'
    and not exists (select from pg_depend e where e.classid = o.classid and e.objid = o.oid and e.deptype in ('e', 'i'))
  group by n.nspname`

/** PostgreSQL 14 has no such catalogue, so that they are found by what depends on them. */
const SCHEMAS_OF_PUBLICATION = `(select n.nspname::text from pg_depend one join pg_depend other using (classid, objid)
  join pg_namespace n on n.oid = other.refobjid and other.refclassid = 'pg_namespace'::regclass
  where one.refclassid = 'pg_publication'::regclass and one.refobjid = p.oid)`
/** A table that is published with its schema is no part of the publication itself: who makes a table there changes no publication. */
const isPublishedByName = `(not exists (select from ${SCHEMAS_OF_PUBLICATION} n) or exists (
  select from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_publication_rel r on r.prpubid = p.oid
  where n.nspname = x.schemaname and c.relname = x.tablename and (r.prrelid = c.oid or r.prrelid in (select pg_partition_ancestors(c.oid)))))`

const FACTS = `
with tables as (
  select c.*, n.nspname || '.' || c.relname as label, case when c.relkind <> 'c' then n.nspname || '.' || c.relname end as about,
    case c.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'f' then 'foreign table ' when 'c' then 'type '
      else 'table ' end || n.nspname || '.' || c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and ${user('n')} and not ${memberOfExtension('pg_class', 'c.oid', 'c.relowner')}
), sequences as (
  select c.*, n.nspname || '.' || c.relname as label, (select d.refobjid from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refobjsubid > 0 and d.deptype in ('a', 'i')) as owned_by
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'S' and ${user('n')} and not ${memberOfExtension('pg_class', 'c.oid', 'c.relowner')}
), facts (name, within, about, facts) as (
  select 'schema ' || n.nspname, null, n.nspname::text, jsonb_build_array(pg_get_userbyid(n.nspowner), obj_description(n.oid, 'pg_namespace'))
  from pg_namespace n where ${user('n')} and not ${memberOfExtension('pg_namespace', 'n.oid', 'n.nspowner')}
  union all
  select 'extension ' || x.extname, null, null, jsonb_build_array(x.extversion, x.extnamespace::regnamespace::text,
    obj_description(x.oid, 'pg_extension')) from pg_extension x
  union all
  select t.name, null, t.about, jsonb_build_array(t.relkind, t.relpersistence, t.relrowsecurity, t.relforcerowsecurity, t.relreplident,
    t.reloptions, pg_get_userbyid(t.relowner), t.relispopulated, (select amname from pg_am where oid = t.relam),
    case when t.relkind = 'p' then pg_get_partkeydef(t.oid) end, pg_get_expr(t.relpartbound, t.oid),
    (select jsonb_agg(i.inhparent::regclass::text order by i.inhseqno) from pg_inherits i where i.inhrelid = t.oid),
    case when t.relkind in ('v', 'm') then pg_get_viewdef(t.oid) end, obj_description(t.oid, 'pg_class'))
  from tables t
  union all
  select 'column ' || t.label || '.' || a.attname, t.name, t.about, jsonb_build_array(format_type(a.atttypid, a.atttypmod), a.attnotnull,
    pg_get_expr(d.adbin, d.adrelid), a.attgenerated, a.attidentity, nullif(a.attcollation, 0)::regcollation::text, a.attstorage,
    to_jsonb(a) -> 'attcompression', a.attoptions, nullif(to_jsonb(a) ->> 'attstattarget', '-1'), col_description(t.oid, a.attnum))
  from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  union all
  select 'constraint ' || t.label || '.' || k.conname, t.name, t.about, jsonb_build_array(pg_get_constraintdef(k.oid), k.contype,
    k.condeferrable, k.condeferred, k.convalidated, obj_description(k.oid, 'pg_constraint'),
    case when k.contype in ('p', 'u', 'x') then pg_get_indexdef(k.conindid) end)
  from tables t join pg_constraint k on k.conrelid = t.oid where k.contype not in ('n', 't')
  union all
  select 'index ' || n.nspname || '.' || c.relname, null, t.about, jsonb_build_array(pg_get_indexdef(c.oid), i.indisvalid, i.indisready,
    i.indisclustered, i.indisreplident, obj_description(c.oid, 'pg_class'))
  from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    join tables t on t.oid = i.indrelid
  where not exists (select from pg_constraint k where k.conindid = c.oid and k.contype in ('p', 'u', 'x'))
  union all
  select 'trigger ' || t.label || '.' || g.tgname, null, t.about, jsonb_build_array(pg_get_triggerdef(g.oid), g.tgenabled,
    obj_description(g.oid, 'pg_trigger'))
  from tables t join pg_trigger g on g.tgrelid = t.oid where not g.tgisinternal
  union all
  select 'rule ' || t.label || '.' || r.rulename, null, t.about, jsonb_build_array(pg_get_ruledef(r.oid), r.ev_enabled,
    obj_description(r.oid, 'pg_rewrite'))
  from tables t join pg_rewrite r on r.ev_class = t.oid where r.rulename <> '_RETURN'
  union all
  select 'policy ' || t.label || '.' || p.polname, null, t.about, jsonb_build_array(p.polcmd, p.polpermissive,
    (select jsonb_agg(case when o = 0 then 'public' else pg_get_userbyid(o)::text end order by o::text) from unnest(p.polroles) o),
    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), obj_description(p.oid, 'pg_policy'))
  from tables t join pg_policy p on p.polrelid = t.oid
  union all
  select 'statistics ' || n.nspname || '.' || s.stxname, null, t.about, jsonb_build_array(pg_get_statisticsobjdef(s.oid),
    pg_get_userbyid(s.stxowner), nullif(to_jsonb(s) ->> 'stxstattarget', '-1'), obj_description(s.oid, 'pg_statistic_ext'))
  from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace left join tables t on t.oid = s.stxrelid where ${user('n')}
  union all
  select 'sequence ' || q.label, t.name, coalesce(t.about, q.label), jsonb_build_array(format_type(s.seqtypid, null), s.seqstart,
    s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle, pg_get_userbyid(q.relowner), obj_description(q.oid, 'pg_class'))
  from sequences q join pg_sequence s on s.seqrelid = q.oid left join tables t on t.oid = q.owned_by
  union all
  select ${functionName}, null, null,
    jsonb_build_array(case when p.prokind <> 'a' then pg_get_functiondef(p.oid) else p.prosrc end, pg_get_userbyid(p.proowner),
      (select jsonb_build_array(g.aggtransfn::regproc::text, g.aggfinalfn::regproc::text, g.agginitval)
        from pg_aggregate g where g.aggfnoid = p.oid), obj_description(p.oid, 'pg_proc'))
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${user('n')} and not ${memberOfExtension('pg_proc', 'p.oid', 'p.proowner')} and not ${MADE_BY_TYPE} and not ${isReadingFunction}
  union all
  select case y.typtype when 'd' then 'domain ' else 'type ' end || n.nspname || '.' || y.typname, null, null,
    jsonb_build_array(y.typtype, pg_get_userbyid(y.typowner), format_type(nullif(y.typbasetype, 0), y.typtypmod), y.typnotnull,
      y.typdefault,
      (select jsonb_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = y.oid),
      (select jsonb_agg(jsonb_build_array(k.conname, pg_get_constraintdef(k.oid), k.convalidated) order by k.conname)
        from pg_constraint k where k.contypid = y.oid and k.contype <> 'n'),
      (select format_type(r.rngsubtype, null) from pg_range r where r.rngtypid = y.oid), obj_description(y.oid, 'pg_type'))
  from pg_type y join pg_namespace n on n.oid = y.typnamespace
  where y.typtype in ('e', 'd', 'r') and ${user('n')} and not ${memberOfExtension('pg_type', 'y.oid', 'y.typowner')}
  union all
  select 'event trigger ' || v.evtname, null, null, jsonb_build_array(v.evtevent, v.evtenabled, v.evttags, v.evtfoid::regprocedure::text,
    pg_get_userbyid(v.evtowner), obj_description(v.oid, 'pg_event_trigger'))
  from pg_event_trigger v where not ${memberOfExtension('pg_event_trigger', 'v.oid', 'v.evtowner')}
  union all
  select 'publication ' || p.pubname, null, null, jsonb_build_array(p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
    p.pubviaroot, pg_get_userbyid(p.pubowner), obj_description(p.oid, 'pg_publication'),
    case when not p.puballtables then (select jsonb_agg(jsonb_build_array(x.schemaname, x.tablename, to_jsonb(x) ->> 'rowfilter')
      order by x.schemaname, x.tablename) from pg_publication_tables x where x.pubname = p.pubname and ${isPublishedByName}) end,
    (select jsonb_agg(r.prrelid::regclass::text order by r.prrelid::regclass::text) from pg_publication_rel r where r.prpubid = p.oid))
  from pg_publication p
  union all
  select 'publication ' || p.pubname || ' for tables in schema ' || n.nspname, null, n.nspname, null
  from pg_publication p cross join lateral ${SCHEMAS_OF_PUBLICATION} n
  union all
  select 'default privileges of ' || pg_get_userbyid(d.defaclrole) || ' on ' || d.defaclobjtype::text
      || coalesce(' in ' || nullif(d.defaclnamespace, 0)::regnamespace::text, ''), null, null, d.items
  from (select d.*, (select coalesce(jsonb_agg(i::text order by at), '[]') from unnest(d.defaclacl) with ordinality u (i, at)
      where (select bool_and(a.grantee <> all ${READERS}) from aclexplode(array[i]) a)) as items from pg_default_acl d) d
  -- The server keeps no default privileges that are those of everybody.
  where d.defaclnamespace <> 0 or jsonb_array_length(d.items) = cardinality(d.defaclacl) or not (
    d.items @> to_jsonb(acldefault(case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end, d.defaclrole)::text[])
    and d.items <@ to_jsonb(acldefault(case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end, d.defaclrole)::text[]))
  union all
  select i.type || ' ' || i.identity, null, null, null
  from (
    select 'pg_operator'::regclass as classid, oid from pg_operator union all select 'pg_cast'::regclass, oid from pg_cast
    union all select 'pg_collation'::regclass, oid from pg_collation union all select 'pg_conversion'::regclass, oid from pg_conversion
    union all select 'pg_opclass'::regclass, oid from pg_opclass union all select 'pg_opfamily'::regclass, oid from pg_opfamily
    union all select 'pg_ts_config'::regclass, oid from pg_ts_config union all select 'pg_ts_dict'::regclass, oid from pg_ts_dict
    union all select 'pg_ts_parser'::regclass, oid from pg_ts_parser union all select 'pg_ts_template'::regclass, oid from pg_ts_template
    union all select 'pg_foreign_data_wrapper'::regclass, oid from pg_foreign_data_wrapper
    union all select 'pg_foreign_server'::regclass, oid from pg_foreign_server
    union all select 'pg_language'::regclass, oid from pg_language union all select 'pg_am'::regclass, oid from pg_am
    union all select 'pg_transform'::regclass, oid from pg_transform
    union all select 'pg_type'::regclass, oid from pg_type where typtype = 'b' and typcategory <> 'A'
  ) o cross join lateral pg_identify_object(o.classid, o.oid, 0) i
  where o.oid >= ${FIRST_OWN} and not exists (select from pg_depend e where e.classid = o.classid and e.objid = o.oid and e.deptype = 'e')
  union all
  ${OUT_OF_SIGHT}
  union all
  (with own as (select * from tables where relkind <> 'c') ${acl('own.name', 'own.relowner', 'own.relacl', 'r')})
  union all
  (with own as (select 'sequence ' || q.label as name, q.relowner, q.relacl, coalesce(t.about, q.label) as about
      from sequences q left join tables t on t.oid = q.owned_by)
    ${acl('own.name', 'own.relowner', 'own.relacl', 's')})
  union all
  (with own as (select 'column ' || t.label || '.' || a.attname as name, t.relowner, a.attacl, t.about from tables t
      join pg_attribute a on a.attrelid = t.oid where a.attacl is not null)
    ${acl('own.name', 'own.relowner', 'own.attacl')})
  union all
  (with own as (select ${functionName} as name, p.proowner, p.proacl, null::text as about from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace where ${user('n')} and not ${memberOfExtension('pg_proc', 'p.oid', 'p.proowner')} and not ${MADE_BY_TYPE} and not (p.proacl is null and ${isReadingFunction}))
    ${acl('own.name', 'own.proowner', 'own.proacl', 'f')})
  union all
  (with own as (select 'schema ' || nspname as name, nspowner, nspacl, nspname::text as about from pg_namespace n where ${user('n')})
    ${acl('own.name', 'own.nspowner', 'own.nspacl', 'n')})
  union all
  (with own as (select case typtype when 'd' then 'domain ' else 'type ' end || n.nspname || '.' || typname as name, typowner, typacl, null::text as about
      from pg_type y join pg_namespace n on n.oid = y.typnamespace
      where typtype in ('e', 'd', 'r') and ${user('n')} and not ${memberOfExtension('pg_type', 'y.oid', 'y.typowner')})
    ${acl('own.name', 'own.typowner', 'own.typacl', 'T')})
)`

const DIGEST = `encode(sha256(convert_to(coalesce(facts::text, ''), 'UTF8')), 'hex') as digest`

const CATALOGUE = `${FACTS}
select name, within, about, ${DIGEST} from facts where name is not null order by name collate "C"`

/**
 * The default of a domain is kept twice: as the text that was right for the search path of whoever defined it, and as a tree. Digests are of the
 * text, as they always were, and what is compared is written from the tree.
 */
const DEFAULT_OF_DOMAIN = `(select coalesce(to_jsonb(pg_get_expr(y.typdefaultbin, 0)), facts.facts -> 4) from pg_type y
  join pg_namespace n on n.oid = y.typnamespace where y.typtype = 'd' and 'domain ' || n.nspname || '.' || y.typname = facts.name limit 1)`

const DEFINITIONS = `${FACTS}
select name, about, ${DIGEST}, case when name like 'domain %' then jsonb_set(facts, '{4}', ${DEFAULT_OF_DOMAIN}) else facts end as facts
from facts where name = any ($1)`
