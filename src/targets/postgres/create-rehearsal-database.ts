import type { Client } from 'pg'
import { Stop } from '../../domain/errors.ts'
import type { RehearsalDatabaseFacts, Right, SourceProfile } from './rehearsal-database.ts'
import { createExtensions } from './rehearsal-extensions.ts'
import { createReadersRole, createRestoreRole, createRoles } from './rehearsal-roles.ts'
import { EMBEDDED_TARGET } from './rehearsal-server.ts'

/** The role that restores a backup into a rehearsal database. */
interface RestoreRole {
  name: string
  password: string
}

/**
 * Creates an empty database like its source, with its roles, its owner, and the role that restores the backup.
 * @param client of the administrator, in another database of the server
 * @returns the roles that Cutter created
 * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE when the server can't create such a database
 */
export async function createEmptyDatabase(
  client: Client,
  { database, target, place }: Pick<RehearsalDatabaseFacts, 'database' | 'target' | 'place'>,
  profile: SourceProfile,
  restore: RestoreRole,
): Promise<string[]> {
  const name = client.escapeIdentifier(database)
  const hasOthers = place !== EMBEDDED_TARGET
  const roles = await createRoles(client, profile.roles, { target, hasOthers })
  await client.query(`create database ${name} ${creationOptions(client, profile)}`).catch((error: Error) => {
    throw notLikeSourceError(target, error)
  })
  await createRestoreRole(client, restore, roles)
  if (hasOthers) await createReadersRole(client, database, profile.roles, roles)
  const owner = roles.includes(profile.owner) ? profile.owner : restore.name
  await client.query(`alter database ${name} owner to ${client.escapeIdentifier(owner)}`)
  // A role needs it to become the owner of a schema or a publication.
  const creators = [restore.name, ...roles].map((role) => client.escapeIdentifier(role)).join(', ')
  await client.query(`grant create, connect, temporary on database ${name} to ${creators}`)
  return roles
}

/**
 * Creates what needs a superuser, in the database that does not yet hold an object of others: extensions, the schema public, and
 * privileges that only the restore needs.
 * @param client of the administrator, in the database itself
 * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE when an extension can't be created
 */
export async function furnishDatabase(
  client: Client,
  target: string,
  profile: SourceProfile,
  { restoreRole, roles }: { restoreRole: string; roles: string[] },
): Promise<void> {
  await client.query('set search_path = pg_catalog, pg_temp')
  const restore = client.escapeIdentifier(restoreRole)
  const owners = roles.map((role) => client.escapeIdentifier(role)).join(', ')
  await furnishPublicSchema(client, profile.publicSchema, roles)
  await createExtensions(client, target, profile.extensions ?? [], roles)
  if (roles.length === 0) return
  // A role needs it to become the owner of an object in a schema that the restore creates.
  await client.query(`alter default privileges for role ${restore} grant create on schemas to ${owners}`)
  const { rows } = await client.query<{ name: string }>(
    `select nspname as name from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
       and pg_has_role($1, nspowner, 'member')`,
    [restoreRole],
  )
  for (const { name } of rows)
    await client.query(`grant create on schema ${client.escapeIdentifier(name)} to ${owners}, ${restore}`)
}

/** Where its owner is not a role of Cutter, the restore could not change its privileges. What a new database has already stays untouched. */
async function furnishPublicSchema(
  client: Client,
  schema: SourceProfile['publicSchema'],
  roles: string[],
): Promise<void> {
  if (schema === undefined) return
  if (schema === null) return void (await client.query('drop schema public'))
  const { rows } = await client.query<{ comment: string | null; rights: Right[]; ruled: boolean }>(
    `select obj_description(oid, 'pg_namespace') as comment, pg_has_role(nspowner, 'member') as ruled, (select coalesce(jsonb_agg(jsonb_build_object('right', privilege_type, 'to', null)
         order by privilege_type) filter (where grantee = 0), '[]') from aclexplode(coalesce(nspacl, acldefault('n', nspowner)))) as rights
     from pg_namespace where nspname = 'public'`,
  )
  const made = rows[0]!
  // Before PostgreSQL 15 a superuser owns it. `missing-powers` has refused what is not as every new database has it.
  if (!made.ruled) return
  if (made.comment !== schema.comment)
    await client.query(
      `comment on schema public is ${schema.comment === null ? 'null' : client.escapeLiteral(schema.comment)}`,
    )
  if (roles.includes(schema.owner)) {
    await client.query(`alter schema public owner to ${client.escapeIdentifier(schema.owner)}`)
  } else if (schema.owner !== 'pg_database_owner' && !isSameForOthers(schema, made.rights)) {
    await client.query('revoke all on schema public from public')
    await grantAll(client, 'schema public', schema.rights)
  }
}

/** Whether a schema gives everybody these rights, and nobody but its owner others. */
function isSameForOthers({ owner, rights }: { owner: string; rights: Right[] }, given: Right[]): boolean {
  const textOf = (some: Right[]) => some.map(({ right, to }) => `${right} ${to}`).sort()
  return textOf(rights.filter(({ to }) => to !== owner)).join() === textOf(given).join()
}

/**
 * Gives the database the privileges of its source and no others.
 * @param client of the administrator, in another database of the server
 */
export async function grantRights(
  client: Client,
  database: string,
  { owner, rights }: SourceProfile,
  roles: string[],
): Promise<void> {
  const name = client.escapeIdentifier(database)
  const all = ['public', ...roles.map((role) => client.escapeIdentifier(role))].join(', ')
  await client.query(`revoke all on database ${name} from ${all}`)
  await grantAll(client, `database ${name}`, rights)
  const { rows } = await client.query<{ owner: string }>(
    'select pg_get_userbyid(datdba)::text as owner from pg_database where datname = $1',
    [database],
  )
  // Where Cutter may not use the owner's role, the role that restores is the owner.
  const present = rows[0]!.owner
  if (present !== owner)
    await client.query(`grant all on database ${name} to ${client.escapeIdentifier(present)}`)
}

/** A script that creates schemas, or tables in the owner's public schema, needs the privileges that it has on the source. */
async function grantAll(client: Client, object: string, rights: Right[]): Promise<void> {
  for (const { right, to } of rights) {
    const role = to === null ? 'public' : client.escapeIdentifier(to)
    await client.query(`grant ${right} on ${object} to ${role}`)
  }
}

/**
 * Applies settings to a database. `from current` is needed, because the stored text of a list such as search_path is not a valid
 * literal for SET.
 * @param client of the administrator, in another database of the server
 */
export async function applySettings(
  client: Client,
  { database, target }: Pick<RehearsalDatabaseFacts, 'database' | 'target'>,
  settings: SourceProfile['settings'],
): Promise<void> {
  try {
    for (const [name, value] of settings) {
      // A login that takes another role is known by that role.
      if (name === 'role' || name === 'session_authorization') continue
      const path = name.split('.').map((part) => client.escapeIdentifier(part))
      const set = `alter database ${client.escapeIdentifier(database)} set ${path.join('.')}`
      try {
        await client.query('select pg_catalog.set_config($1, $2, false)', [name, value])
        await client.query(`${set} from current`)
      } catch (error) {
        // It names an object of the database, such as a text search configuration, which this session does not see.
        if ((error as { code?: string }).code !== INVALID_VALUE) throw error
        await client.query(`${set} = ${client.escapeLiteral(value)}`)
      }
    }
  } catch (error) {
    throw notLikeSourceError(target, error as Error)
  }
}

/** The SQLSTATE of a setting that the session can't take. */
const INVALID_VALUE = '22023'

function creationOptions(
  client: Client,
  { encoding, collate, ctype, provider, locale }: SourceProfile,
): string {
  const text = (value: string) => client.escapeLiteral(value)
  const providers: { [provider: string]: string } = {
    i: ` locale_provider icu icu_locale ${text(locale ?? '')}`,
    b: ` locale_provider builtin builtin_locale ${text(locale ?? '')}`,
  }
  return `template template0 encoding ${text(encoding)} lc_collate ${text(collate)} lc_ctype ${text(ctype)}${providers[provider] ?? ''}`
}

const notLikeSourceError = (target: string, cause: Error) =>
  new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `the rehearsal server can’t create a database like target ${target}: ${cause.message}`,
    {
      next: `name a server that has its locales and settings (targets.${target}.rehearsalUrlEnv) and start another run`,
      cause,
    },
  )
