import type { RoleProfile, SourceProfile } from '../../targets/postgres/rehearsal-database.ts'
import type { Sql } from '../../targets/target.ts'

/** Reads what a rehearsal database of this database must be created with. */
export async function readDatabaseProfile(sql: Sql): Promise<SourceProfile> {
  const { rows } = await sql.query<Omit<SourceProfile, 'settings' | 'roles'>>(
    `select pg_encoding_to_char(encoding) as encoding, datcollate as collate, datctype as ctype,
       coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') as provider,
       coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') as locale, pg_get_userbyid(datdba)::text as owner,
       (select coalesce(jsonb_agg(jsonb_build_object('right', privilege_type, 'to', case when grantee <> 0 then pg_get_userbyid(grantee) end)
          order by grantee, privilege_type), '[]') from aclexplode(coalesce(datacl, acldefault('d', datdba)))) as rights
     from pg_database d where datname = current_database()`,
  )
  return { ...rows[0]!, settings: await settingsOf(sql), roles: await rolesOf(sql) }
}

/** Names the foreign servers and extensions by which statements could reach other databases, also from a rehearsal database. */
export async function findOutboundConnections(sql: Sql): Promise<string[]> {
  const { rows } = await sql.query<{ name: string }>(
    `select 'foreign server ' || srvname as name from pg_foreign_server
     union all select 'extension ' || extname from pg_extension where extname in ('dblink', 'http', 'pg_net') order by 1`,
  )
  return rows.map(({ name }) => name)
}

/** Settings of the role override those of the database. Settings of the role in the database override both. */
async function settingsOf(sql: Sql): Promise<SourceProfile['settings']> {
  const { rows } = await sql.query<{ setting: string }>(
    `select unnest(setconfig) as setting from pg_db_role_setting
     where (setdatabase = (select oid from pg_database where datname = current_database()) or setdatabase = 0)
       and (setrole = (select oid from pg_roles where rolname = current_user) or setrole = 0)
     order by (setrole <> 0), (setdatabase <> 0)`,
  )
  const settings = new Map<string, string>()
  for (const { setting } of rows) {
    const at = setting.indexOf('=')
    settings.set(setting.slice(0, at), setting.slice(at + 1))
  }
  // These concern the session itself and not what a script finds.
  for (const name of [
    'default_transaction_read_only',
    'session_preload_libraries',
    'local_preload_libraries',
  ])
    settings.delete(name)
  return [...settings]
}

/** The roles that the database and its objects name, the migrating role, and every role of which these are members. */
async function rolesOf(sql: Sql): Promise<RoleProfile[]> {
  const { rows } = await sql.query<RoleProfile>(
    `with recursive here as (select * from pg_database where datname = current_database()), named as (
       select refobjid as oid from pg_shdepend, here where refclassid = 'pg_authid'::regclass and dbid = here.oid
       -- The first role of a cluster has id 10, whatever its name. pg_shdepend does not list its objects.
       union select 10 union select datdba from here
       union select grantee from here, aclexplode(datacl)
       union select oid from pg_roles where rolname = current_user
       union select m.roleid from named n join pg_auth_members m on m.member = n.oid
     )
     select r.rolname as name, rolsuper as superuser, rolcreaterole as "createRole", rolcreatedb as "createDatabase",
       rolbypassrls as "bypassRls",
       array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid
         where m.member = r.oid order by 1) as "memberOf"
     from pg_roles r where oid in (select oid from named) and rolname !~ '^pg_' order by 1`,
  )
  return rows
}
