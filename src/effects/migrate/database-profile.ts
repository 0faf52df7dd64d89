import type {
  ExtensionProfile,
  RoleProfile,
  SourceProfile,
} from '../../targets/postgres/rehearsal-database.ts'
import type { Sql } from '../../targets/target.ts'
import { readSessionSettings } from './session-settings.ts'

/**
 * Reads what a rehearsal database of this database must be created with, in a transaction.
 * @param named the settings that the connection string of the session names
 */
export async function readDatabaseProfile(sql: Sql, named: string[] = []): Promise<SourceProfile> {
  const { rows } = await sql.query<Omit<SourceProfile, 'settings' | 'roles' | 'extensions' | 'publicSchema'>>(
    `select pg_encoding_to_char(encoding) as encoding, datcollate as collate, datctype as ctype,
       coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') as provider,
       coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') as locale, pg_get_userbyid(datdba)::text as owner,
       (select coalesce(jsonb_agg(jsonb_build_object('right', privilege_type, 'to', case when grantee <> 0 then pg_get_userbyid(grantee) end)
          order by grantee, privilege_type), '[]') from aclexplode(coalesce(datacl, acldefault('d', datdba)))) as rights
     from pg_database d where datname = current_database()`,
  )
  return {
    ...rows[0]!,
    settings: await readSessionSettings(sql, named),
    roles: await rolesOf(sql),
    extensions: await extensionsOf(sql),
    publicSchema: await publicSchemaOf(sql),
    policies: await hasPolicies(sql),
  }
}

async function hasPolicies(sql: Sql): Promise<boolean> {
  const { rows } = await sql.query<{ found: boolean }>(
    'select exists (select from pg_class where relrowsecurity) as found',
  )
  return rows[0]!.found
}

/** By their ids, so that each follows those that it needs. */
async function extensionsOf(sql: Sql): Promise<ExtensionProfile[]> {
  const { rows } = await sql.query<ExtensionProfile>(
    `select extname::text as name, extversion as version, pg_get_userbyid(extowner)::text as owner, nspname::text as schema,
       pg_get_userbyid(nspowner)::text as "schemaOwner"
     from pg_extension join pg_namespace n on n.oid = extnamespace order by pg_extension.oid`,
  )
  return rows
}

type PublicSchema = NonNullable<SourceProfile['publicSchema']>

async function publicSchemaOf(sql: Sql): Promise<PublicSchema | null> {
  const { rows } = await sql.query<PublicSchema>(
    `select pg_get_userbyid(nspowner)::text as owner, obj_description(oid, 'pg_namespace') as comment,
       (select coalesce(jsonb_agg(jsonb_build_object('right', privilege_type, 'to', case when grantee <> 0 then pg_get_userbyid(grantee) end)
          order by grantee, privilege_type), '[]') from aclexplode(coalesce(nspacl, acldefault('n', nspowner)))) as rights
     from pg_namespace where nspname = 'public'`,
  )
  return rows[0] ?? null
}

/** Names the foreign servers and extensions by which statements could reach other databases, also from a rehearsal database. */
export async function findOutboundConnections(sql: Sql): Promise<string[]> {
  const { rows } = await sql.query<{ name: string }>(
    `select 'server ' || srvname as name from pg_foreign_server
     union all select 'extension ' || extname from pg_extension where extname in ('dblink', 'http', 'pg_net') order by 1`,
  )
  return rows.map(({ name }) => name)
}

/** Names what a restored copy lacks where it has no foreign server: extensions of the wrappers, foreign tables, and views that read them. */
export async function findForeignObjects(sql: Sql): Promise<string[]> {
  const { rows } = await sql.query<{ name: string }>(
    `with recursive reading as (
       select oid from pg_class where relkind = 'f'
       union select r.ev_class from reading join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = reading.oid
         and d.classid = 'pg_rewrite'::regclass join pg_rewrite r on r.oid = d.objid
     )
     select distinct 'extension ' || extname as name from pg_foreign_server s
       join pg_depend d on d.classid = 'pg_foreign_data_wrapper'::regclass and d.objid = s.srvfdw and d.deptype = 'e'
       join pg_extension e on e.oid = d.refobjid
     union select 'server ' || srvname from pg_foreign_server
     union select case relkind when 'f' then 'foreign table ' when 'm' then 'materialized view ' else 'view ' end || nspname || '.' || relname
       from reading join pg_class c on c.oid = reading.oid join pg_namespace n on n.oid = c.relnamespace
     order by 1`,
  )
  return rows.map(({ name }) => name)
}

/** The schemas of temporary tables, which a server makes for whoever needs one and which stay empty afterwards. A dump does not hold them. */
const TEMPORARY = "(select oid from pg_namespace where nspname ~ '^pg_(toast_)?temp_')"

/** The roles that the database and its objects name, the migrating role, and every role of which these are members. */
async function rolesOf(sql: Sql): Promise<RoleProfile[]> {
  const { rows } = await sql.query<RoleProfile>(
    `with recursive here as (select * from pg_database where datname = current_database()), owners as (
       select refobjid as oid from pg_shdepend, here where refclassid = 'pg_authid'::regclass and dbid = here.oid and deptype = 'o'
         and not (classid = 'pg_class'::regclass and objid in (select oid from pg_class where relnamespace in ${TEMPORARY}))
       -- The first role of a cluster has id 10, whatever its name. pg_shdepend does not list its objects.
       union ${OWNED.map(ownersIn).join('\n       union ')}
       union select defaclrole from pg_default_acl
       union select oid from pg_roles where rolname = current_user
     ), named as (
       select refobjid as oid from pg_shdepend, here where refclassid = 'pg_authid'::regclass and dbid = here.oid
       union select oid from owners
       union select datdba from here
       union select grantee from here, aclexplode(datacl)
       union select nspowner from pg_namespace where nspname = 'public'
       union select m.roleid from named n join pg_auth_members m on m.member = n.oid
     )
     select r.rolname as name, rolsuper as superuser, rolcreaterole as "createRole", rolcreatedb as "createDatabase",
       rolbypassrls as "bypassRls",
       array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid
         where m.member = r.oid order by 1) as "memberOf",
       oid in (select oid from owners) as needed
     from pg_roles r where oid in (select oid from named) and rolname !~ '^pg_' order by 1`,
  )
  return rows
}

/** The catalogues of objects that have an owner and that a restore creates, with the condition for those of their own. */
const OWNED = [
  ['pg_class', 'relowner', `relkind not in ('i', 'I', 't') and relnamespace not in ${TEMPORARY}`],
  ['pg_collation', 'collowner'],
  ['pg_conversion', 'conowner'],
  ['pg_largeobject_metadata', 'lomowner'],
  ['pg_namespace', 'nspowner', `oid not in ${TEMPORARY}`],
  ['pg_operator', 'oprowner'],
  ['pg_proc', 'proowner', `pronamespace not in ${TEMPORARY}`],
  ['pg_publication', 'pubowner', 'not puballtables'],
  ['pg_statistic_ext', 'stxowner'],
  ['pg_ts_config', 'cfgowner'],
  ['pg_ts_dict', 'dictowner'],
  ['pg_type', 'typowner', `typrelid = 0 and typelem = 0 and typnamespace not in ${TEMPORARY}`],
] satisfies [catalog: string, owner: string, condition?: string][]

const ownersIn = ([catalog, owner, condition = 'true']: string[]) =>
  `select ${owner} from ${catalog} o where oid >= 16384 and ${condition} and not exists (select from pg_depend e where e.classid = '${catalog}'::regclass and e.objid = o.oid and e.deptype = 'e')`
