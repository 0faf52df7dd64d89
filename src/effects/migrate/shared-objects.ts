import {
  buildCatalogue,
  type Catalogue,
  compareSchemas,
  describeSchemaDifference,
} from '../../migration/catalogue.ts'
import type { Sql } from '../../targets/target.ts'
import { readAtSavepoint } from './read-at-savepoint.ts'

/**
 * Reads what no script may change: objects of the server (roles, settings, databases) and the privileges on objects of PostgreSQL
 * and of extensions. A script must not leave a constraint disabled either, because no backup restores that. Lint refuses most such
 * statements; this reading also covers those that a function or a DO block assembles at run time. Its SQL has ASCII characters alone, because
 * databases of other encodings know no others.
 */
export const readSharedObjects = (sql: Sql): Promise<Catalogue> =>
  readAtSavepoint(sql, async () => {
    const { rows } = await sql.query<{ passwords: boolean; parameters: boolean }>(
      `select pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'select') as passwords,
         pg_catalog.to_regclass('pg_catalog.pg_parameter_acl') is not null as parameters`,
    )
    const { passwords, parameters } = rows[0]!
    const facts = [SHARED, ...(passwords ? [PASSWORDS] : []), ...(parameters ? [PARAMETERS] : [])]
    const found = await sql.query<{ name: string; digest: string }>(
      `select name, pg_catalog.md5(coalesce(facts, '')) as digest from (${facts.join(' union all ')}) f (name, facts)`,
    )
    return buildCatalogue(found.rows.map((row) => ({ ...row, within: null, about: null })))
  })

/**
 * Returns a line for each forbidden change between two readings of a transaction.
 * @param committed what another session reads now. It does not see the transaction, so what it reads as well is a change of others.
 */
export function describeSharedChanges(before: Catalogue, after: Catalogue, committed?: Catalogue): string[] {
  const { added, removed, changed } = compareSchemas(before, after)
  const isOwn = (name: string) =>
    committed === undefined || after.objects[name]?.digest !== committed.objects[name]?.digest
  const but = (names: string[], ...prefixes: string[]) =>
    names.filter((name) => isOwn(name) && !prefixes.some((prefix) => name.startsWith(prefix)))
  return describeSchemaDifference({
    added: but(added, OF_EXTENSIONS),
    removed: but(removed, OF_EXTENSIONS, DISABLING),
    changed: but(changed),
  })
}

// A constraint that is enforced again, or dropped with its table, is harmless.
const DISABLING = 'disabling of '
// These privileges appear and disappear with their extension, which the catalogue shows.
const OF_EXTENSIONS = 'privileges on object of an extension '

const OWN = `'pg_catalog'::regnamespace, 'information_schema'::regnamespace`
const member = (oid: string, catalogue: string) =>
  `exists (select from pg_catalog.pg_depend e where e.classid = '${catalogue}'::regclass and e.objid = ${oid} and e.deptype = 'e')`
const privileges = (oid: string, catalogue: string) =>
  `case when ${member(oid, catalogue)} then '${OF_EXTENSIONS}' else 'privileges on ' end`

const PASSWORDS = `select 'password of ' || rolname, md5(rolpassword) from pg_catalog.pg_authid`
const PARAMETERS = `select 'privileges on parameter ' || parname, paracl::text from pg_catalog.pg_parameter_acl`

const HERE = `(select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())`

const SHARED = `
  select 'role ' || rolname, (to_jsonb(r) - 'oid')::text from pg_catalog.pg_roles r
  union all
  select 'membership of ' || pg_get_userbyid(member) || ' in ' || pg_get_userbyid(roleid), (to_jsonb(m) - 'oid')::text
  from pg_catalog.pg_auth_members m
  union all
  select 'settings of ' || case when setrole = 0 then 'everybody' else pg_get_userbyid(setrole)::text end || ' in '
    || coalesce((select datname from pg_catalog.pg_database where oid = setdatabase)::text, 'every database'), setconfig::text
  from pg_catalog.pg_db_role_setting where setdatabase in (0, ${HERE})
  union all
  select 'database ' || datname, jsonb_build_array(datdba, datallowconn, datistemplate, datconnlimit, datacl::text)::text
  from pg_catalog.pg_database where datname = current_database()
  union all
  select 'tablespace ' || spcname, jsonb_build_array(spcowner, spcacl::text, spcoptions)::text from pg_catalog.pg_tablespace
  union all
  select 'comment on shared object ' || classoid::regclass || ' ' || objoid, description from pg_catalog.pg_shdescription
  where classoid <> 'pg_catalog.pg_database'::regclass or objoid = ${HERE}
  union all
  select 'subscription ' || subname, jsonb_build_array(subowner, subenabled, subpublications)::text from pg_catalog.pg_subscription
  where subdbid = ${HERE}
  union all
  ${['pg_proc', 'pg_rewrite', 'pg_cast', 'pg_type']
    .map(
      (catalog) =>
        `select 'own objects of the server in ${catalog}', md5(string_agg(md5(o::text), '' order by oid)) from pg_catalog.${catalog} o where oid < 16384`,
    )
    .join(' union all ')}
  union all
  select 'own operators of the server', md5(string_agg(oprname || ' ' || oprcode::oid || ' ' || oprleft || ' ' || oprright, ',' order by oid))
  from pg_catalog.pg_operator where oid < 16384
  union all
  select ${privileges('p.oid', 'pg_proc')} || p.oid::regprocedure, p.proacl::text from pg_catalog.pg_proc p
  where p.proacl is not null and p.pronamespace in (${OWN}) or ${member('p.oid', 'pg_proc')}
  union all
  select ${privileges('c.oid', 'pg_class')} || c.oid::regclass, jsonb_build_array(c.relacl::text, (select jsonb_agg(
      jsonb_build_array(a.attname, a.attacl::text) order by a.attnum) from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attacl is not null))::text
  from pg_catalog.pg_class c
  where c.relkind in ('r', 'v', 'm', 'S', 'f', 'p') and (c.relnamespace in (${OWN}) or ${member('c.oid', 'pg_class')})
  union all
  select 'privileges on schema ' || nspname, nspacl::text from pg_catalog.pg_namespace where oid in (${OWN})
  union all
  select ${privileges('l.oid', 'pg_language')} || 'language ' || lanname, jsonb_build_array(lanowner, lanacl::text)::text
  from pg_catalog.pg_language l
  union all
  select '${DISABLING}constraint ' || n.nspname || '.' || c.relname || '.' || k.conname,
    string_agg(g.tgenabled::text, '' order by g.tgenabled)
  from pg_catalog.pg_trigger g join pg_catalog.pg_constraint k on k.oid = g.tgconstraint
    join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where g.tgisinternal and g.tgenabled <> 'O' group by n.nspname, c.relname, k.conname`
