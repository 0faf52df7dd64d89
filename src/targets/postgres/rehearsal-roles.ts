import type { Client } from 'pg'
import type { RehearsalDatabaseFacts, RoleProfile } from './rehearsal-database.ts'

/** The comment on roles that Cutter created, so that it drops no others. */
const ROLE_MARK = 'made by cutter for rehearsals'

/** Creates the roles that the server lacks, without a login. A lock serializes runs that need the same role. */
export async function createRoles(client: Client, roles: RoleProfile[]): Promise<void> {
  await client.query("select pg_advisory_lock(hashtextextended('cutter/rehearsal roles', 0))")
  const { rows } = await client.query<{ name: string }>('select rolname as name from pg_roles')
  const existing = new Set(rows.map(({ name }) => name))
  const missing = roles.filter(({ name }) => !existing.has(name))
  for (const role of missing) {
    const id = client.escapeIdentifier(role.name)
    await client.query(`create role ${id} nologin ${attributesOf(role).join(' ')}`)
    await client.query(`comment on role ${id} is ${client.escapeLiteral(ROLE_MARK)}`)
    existing.add(role.name)
  }
  for (const { name, memberOf } of missing) {
    for (const group of memberOf.filter((one) => existing.has(one)))
      await client.query(`grant ${client.escapeIdentifier(group)} to ${client.escapeIdentifier(name)}`)
  }
  await client.query("select pg_advisory_unlock(hashtextextended('cutter/rehearsal roles', 0))")
}

function attributesOf({ superuser, createRole, createDatabase, bypassRls }: RoleProfile): string[] {
  const attributes: string[] = []
  if (superuser) attributes.push('superuser')
  if (createRole) attributes.push('createrole')
  if (createDatabase) attributes.push('createdb')
  if (bypassRls) attributes.push('bypassrls')
  return attributes
}

/** Drops the roles of a removed rehearsal database that Cutter created and that no remaining database names. */
export async function dropUnusedRoles(
  client: Client,
  roles: string[],
  remaining: RehearsalDatabaseFacts[],
): Promise<void> {
  const needed = new Set(remaining.flatMap((database) => database.roles))
  const { rows } = await client.query<{ name: string }>(
    `select rolname as name from pg_roles r
     where rolname = any($1) and shobj_description(oid, 'pg_authid') = $2
       and not exists (select from pg_shdepend where refclassid = 'pg_authid'::regclass and refobjid = r.oid)`,
    [roles.filter((name) => !needed.has(name)), ROLE_MARK],
  )
  for (const { name } of rows) await client.query(`drop role if exists ${client.escapeIdentifier(name)}`)
}
