import type { Client } from 'pg'
import { Stop } from '../../domain/errors.ts'
import { DATA_ROLES, READS_PASSWORDS } from '../../domain/rehearsal-powers.ts'
import { ROLE_MARK } from '../../domain/role-mark.ts'
import {
  type Administrator,
  canGiveBypass,
  joinRole,
  readAdministrator,
  rulesOverAllRoles,
} from './rehearsal-administrator.ts'
import type { RehearsalDatabaseFacts, RoleProfile } from './rehearsal-database.ts'
import { readersRoleOf } from './role-login.ts'
import { scramVerifier } from './scram-verifier.ts'

/**
 * The roles of a rehearsal database. Code of others runs as them, so none has power over the server: no attribute but BYPASSRLS, and of
 * the server's own roles only those that concern data. What is a superuser in the source becomes a member of all roles of the source.
 */

const PLAIN = 'nosuperuser nocreaterole nocreatedb noreplication'

/**
 * Creates the roles that the server lacks, without a login, and takes every power from those that an earlier rehearsal left there.
 * A lock serializes runs that need the same role.
 * @param given.hasOthers whether roles of others log in to the server
 * @returns the names of those roles that Cutter created
 * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE when objects belong to a role that exists there and that Cutter did not create
 */
export async function createRoles(
  client: Client,
  roles: RoleProfile[],
  { target, hasOthers }: { target: string; hasOthers: boolean },
): Promise<string[]> {
  const administrator = await readAdministrator(client)
  await client.query("select pg_advisory_lock(hashtextextended('cutter/rehearsal roles', 0))")
  const { rows } = await client.query<{ name: string; made: boolean }>(
    `select rolname as name, coalesce(shobj_description(oid, 'pg_authid') = $1, false) as made from pg_roles`,
    [ROLE_MARK],
  )
  const present = new Map(rows.map(({ name, made }) => [name, made]))
  const foreign = roles.filter(({ name }) => present.get(name) === false)
  const needed = foreign.find((role) => role.needed ?? true)
  if (needed !== undefined) throw foreignRoleError(needed.name, target)
  const own = roles.filter((role) => !foreign.includes(role))
  for (const role of own) await createRole(client, administrator, role)
  const groups = [...DATA_ROLES, ...(hasOthers ? [] : [READS_PASSWORDS])].filter((name) => present.has(name))
  for (const role of own) await grantRoles(client, role, { own: own.map(({ name }) => name), groups })
  await client.query("select pg_advisory_unlock(hashtextextended('cutter/rehearsal roles', 0))")
  return own.map(({ name }) => name)
}

async function createRole(client: Client, administrator: Administrator, role: RoleProfile): Promise<void> {
  const id = client.escapeIdentifier(role.name)
  const bypasses = (role.superuser || role.bypassRls) && canGiveBypass(administrator)
  const { rows } = await client.query<{ word: string; has: boolean }>(
    `select word, has from pg_roles, lateral (values ('superuser', rolsuper), ('createrole', rolcreaterole), ('createdb', rolcreatedb),
       ('replication', rolreplication), ('bypassrls', rolbypassrls)) a (word, has) where rolname = $1`,
    [role.name],
  )
  if (rows.length === 0) {
    await client.query(`create role ${id} nologin ${PLAIN} ${bypasses ? 'bypassrls' : 'nobypassrls'}`)
    await client.query(`comment on role ${id} is ${client.escapeLiteral(ROLE_MARK)}`)
  } else {
    // Only a superuser may name some of these words, even where nothing changes. One that bypasses policies may have been made for this.
    const keeps = (role.superuser || role.bypassRls) && !bypasses
    const words = rows.flatMap(({ word, has }) => {
      if (word === 'bypassrls') return has === bypasses || keeps ? [] : [bypasses ? word : `no${word}`]
      return has ? [`no${word}`] : []
    })
    if (words.length > 0) await client.query(`alter role ${id} ${words.join(' ')}`)
    await revokePowers(client, role.name)
  }
  await joinRole(client, administrator, role.name)
}

/** Earlier versions granted every role of which the source's role was a member. */
async function revokePowers(client: Client, name: string): Promise<void> {
  const { rows } = await client.query<{ granted: string }>(
    `select g.rolname as granted from pg_auth_members m join pg_roles g on g.oid = m.roleid
     where m.member = (select oid from pg_roles where rolname = $1) and g.rolname <> all ($2)
       and shobj_description(g.oid, 'pg_authid') is distinct from $3`,
    [name, DATA_ROLES, ROLE_MARK],
  )
  for (const { granted } of rows)
    await client.query(`revoke ${client.escapeIdentifier(granted)} from ${client.escapeIdentifier(name)}`)
}

async function grantRoles(
  client: Client,
  { name, superuser, memberOf }: RoleProfile,
  { own, groups }: { own: string[]; groups: string[] },
): Promise<void> {
  const granted = superuser ? own : memberOf.filter((group) => own.includes(group) || groups.includes(group))
  for (const group of granted.filter((one) => one !== name)) {
    await client
      .query(`grant ${client.escapeIdentifier(group)} to ${client.escapeIdentifier(name)}`)
      .catch((error: Error & { code?: string }) => {
        // A member of the source's superuser can't have it as a member in turn.
        if (!superuser || error.code !== '0LP01') throw error
      })
  }
}

/**
 * Creates the role that restores a backup: a member of all roles to which restored objects belong, which no other role can become.
 * @param roles those that Cutter created
 */
export async function createRestoreRole(
  client: Client,
  { name, password }: { name: string; password: string },
  roles: string[],
): Promise<void> {
  const administrator = await readAdministrator(client)
  const id = client.escapeIdentifier(name)
  const bypass = canGiveBypass(administrator) ? 'bypassrls' : 'nobypassrls'
  await client.query(`drop role if exists ${id}`)
  await client.query(
    `create role ${id} login ${PLAIN} ${bypass} password ${client.escapeLiteral(scramVerifier(name, password))}`,
  )
  await client.query(`comment on role ${id} is ${client.escapeLiteral(ROLE_MARK)}`)
  await joinRole(client, administrator, name)
  // Tables of extensions, into which a dump has rows, belong to the superuser.
  const { rows } = await client.query<{ name: string }>(
    `select rolname as name from pg_roles where rolname = 'pg_write_all_data' and ($1 or pg_has_role(oid, 'usage with admin option'))`,
    [rulesOverAllRoles(administrator)],
  )
  for (const group of [...roles, ...rows.map((row) => row.name)])
    await client.query(`grant ${client.escapeIdentifier(group)} to ${id}`)
}

/**
 * Takes back what code of a backup, which ran while it was restored, may have done with its own login: its password, its settings, and
 * before PostgreSQL 16 its members.
 */
export async function renewRestoreRole(
  client: Client,
  { name, password, database }: { name: string; password: string; database: string },
): Promise<void> {
  const [id, inDatabase] = [name, database].map((one) => client.escapeIdentifier(one))
  await client.query(`alter role ${id} password ${client.escapeLiteral(scramVerifier(name, password))}`)
  await client.query(`alter role ${id} reset all`)
  await client.query(`alter role ${id} in database ${inDatabase} reset all`)
  const { rows } = await client.query<{ member: string }>(
    `select m.rolname as member from pg_auth_members a join pg_roles g on g.oid = a.roleid join pg_roles m on m.oid = a.member
     where g.rolname = $1 and m.rolname <> current_user`,
    [name],
  )
  for (const { member } of rows)
    await client.query(`revoke ${id} from ${client.escapeIdentifier(member)} cascade`)
}

/**
 * Creates the role that stands for pg_read_all_data in one database, because that one reads the other databases and the passwords of a
 * server of others. Those of the source's roles become its members.
 * @param roles those that Cutter created
 * @returns whether there is one
 */
export async function createReadersRole(
  client: Client,
  database: string,
  profile: RoleProfile[],
  roles: string[],
): Promise<boolean> {
  const members = profile.filter(
    ({ name, memberOf }) => roles.includes(name) && memberOf.includes(READS_PASSWORDS),
  )
  if (members.length === 0) return false
  const id = client.escapeIdentifier(readersRoleOf(database))
  await client.query(`drop role if exists ${id}`)
  await client.query(`create role ${id} nologin ${PLAIN}`)
  await client.query(`comment on role ${id} is ${client.escapeLiteral(ROLE_MARK)}`)
  for (const { name } of members) await client.query(`grant ${id} to ${client.escapeIdentifier(name)}`)
  return true
}

/** Drops it, unless another database has privileges of it: a backup of a rehearsal database, restored in turn. */
export async function dropReadersRole(client: Client, database: string): Promise<void> {
  const name = readersRoleOf(database)
  const { rowCount } = await client.query(
    `select from pg_shdepend where refclassid = 'pg_authid'::regclass and refobjid = (select oid from pg_roles where rolname = $1)
       and dbid <> 0`,
    [name],
  )
  if (rowCount === 0) await client.query(`drop role if exists ${client.escapeIdentifier(name)}`)
}

/**
 * Lets a role log in with a password.
 * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE when Cutter did not create it
 */
export async function allowLogin(
  client: Client,
  { name, password }: { name: string; password: string },
  target: string,
): Promise<void> {
  const { rowCount } = await client.query(
    `select from pg_roles where rolname = $1 and not rolsuper and shobj_description(oid, 'pg_authid') = $2`,
    [name, ROLE_MARK],
  )
  if (rowCount === 0) throw foreignRoleError(name, target)
  const verifier = client.escapeLiteral(scramVerifier(name, password))
  await client.query(`alter role ${client.escapeIdentifier(name)} login password ${verifier}`)
}

const foreignRoleError = (name: string, target: string) =>
  new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `the rehearsal server has a role ${name} that Cutter did not create, so nothing is restored or rehearsed as that role; nothing was changed`,
    {
      next: `name a server without it (targets.${target}.rehearsalUrlEnv), such as one made by initdb with another superuser (initdb --username=rehearsals), and start another run`,
    },
  )

/** Drops the roles of a removed rehearsal database that Cutter created and that no remaining database names. */
export async function dropUnusedRoles(
  client: Client,
  administrator: Administrator,
  roles: string[],
  remaining: RehearsalDatabaseFacts[],
): Promise<void> {
  const needed = new Set(remaining.flatMap((database) => database.roles))
  const { rows } = await client.query<{ name: string }>(
    `select rolname as name from pg_roles r
     where rolname = any($1) and shobj_description(oid, 'pg_authid') = $2
       and ($3 or pg_has_role(oid, 'usage with admin option'))
       and not exists (select from pg_shdepend where refclassid = 'pg_authid'::regclass and refobjid = r.oid and classid <> 'pg_auth_members'::regclass)`,
    [roles.filter((name) => !needed.has(name)), ROLE_MARK, rulesOverAllRoles(administrator)],
  )
  for (const { name } of rows) await client.query(`drop role if exists ${client.escapeIdentifier(name)}`)
}
