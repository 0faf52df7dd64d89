import type { Client } from 'pg'
import { Stop } from '../../domain/errors.ts'
import { DATA_ROLES, isApproved } from '../../domain/rehearsal-powers.ts'
import { ROLE_MARK } from '../../domain/role-mark.ts'
import {
  type Administrator,
  canGiveBypass,
  readAdministrator,
  rulesOverAllRoles,
} from './rehearsal-administrator.ts'
import type { RoleProfile, SourceProfile } from './rehearsal-database.ts'

/** What the login of a rehearsal server may not do although a rehearsal needs it. */
interface MissingPower {
  /** As a clause: `may not create roles`. */
  what: string
  /** What grants it. */
  sql: string
}

/** A role of the rehearsal server. */
interface PresentRole {
  made: boolean
  /** Whether it is a superuser or replicates, which only a superuser may take from it. */
  powerful: boolean
  bypassRls: boolean
  /** Whether the administrator rules over it. */
  ruled: boolean
}

/** Since this version the schema public of a new database belongs to the database's owner. */
const PUBLIC_OF_OWNER = 150_000

/**
 * Refuses a rehearsal before anything is made for it, when the login of the server lacks a power that it needs.
 * @param client of the administrator, in another database of the server
 * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE, which names each power and the SQL that grants it
 */
export async function assertPowers(client: Client, profile: SourceProfile, target: string): Promise<void> {
  const administrator = await readAdministrator(client)
  if (administrator.superuser) return
  const missing = [
    ...ofLogin(client, administrator),
    ...(await overRoles(client, administrator, profile)),
    ...(await overExtensions(client, administrator, profile)),
    ...overPublicSchema(client, administrator, profile),
    ...(await overSettings(client, administrator, profile)),
  ]
  if (missing.length === 0) return
  const grants = [...new Set(missing.map(({ sql }) => sql))]
  throw new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `the login ${administrator.name} of the rehearsal server of target ${target} ${missing.map(({ what }) => what).join('; it ')}; nothing was made there, and the target was not changed`,
    {
      next: `run on that server, as a role that may: ${grants.map((sql) => `${sql};`).join(' ')} Then resume the run. Or name another login in the variable of targets.${target}.rehearsalUrlEnv`,
      data: { missing: missing.map((one) => ({ ...one })) },
    },
  )
}

function ofLogin(client: Client, administrator: Administrator): MissingPower[] {
  const { name, createRole, createDatabase, inherits } = administrator
  const login = client.escapeIdentifier(name)
  return [
    ...(createRole ? [] : [{ what: 'may not create roles', sql: `alter role ${login} createrole` }]),
    ...(createDatabase ? [] : [{ what: 'may not create databases', sql: `alter role ${login} createdb` }]),
    ...(inherits || !rulesOverAllRoles(administrator)
      ? []
      : [{ what: 'has not the rights of roles that it is a member of', sql: `alter role ${login} inherit` }]),
  ]
}

/** The roles that a rehearsal makes or finds, and the roles of the server that it grants to them. */
async function overRoles(
  client: Client,
  administrator: Administrator,
  { roles, policies = true }: SourceProfile,
): Promise<MissingPower[]> {
  const login = client.escapeIdentifier(administrator.name)
  const present = await readPresentRoles(client, administrator)
  const own = roles.filter(({ name }) => present.get(name)?.made !== false)
  const missing = own.flatMap((role) =>
    overRole(client, administrator, role, present.get(role.name), policies),
  )
  const groups = DATA_ROLES.filter((group) => own.some(({ memberOf }) => memberOf.includes(group)))
  for (const group of groups)
    if (present.get(group)?.ruled === false)
      missing.push({ what: `may not grant ${group}`, sql: `grant ${group} to ${login} with admin option` })
  return missing
}

function overRole(
  client: Client,
  administrator: Administrator,
  role: RoleProfile,
  found: PresentRole | undefined,
  policies: boolean,
): MissingPower[] {
  const [id, login] = [role.name, administrator.name].map((name) => client.escapeIdentifier(name))
  if (found?.powerful === true)
    return [{ what: `may not take powers from ${id}`, sql: `alter role ${id} nosuperuser noreplication` }]
  const missing: MissingPower[] = []
  if (found?.ruled === false)
    missing.push({
      what: `does not rule over the role ${id}`,
      sql: `grant ${id} to ${login} with admin option`,
    })
  const bypasses = role.superuser || role.bypassRls
  const wrong = (found?.bypassRls ?? false) !== bypasses && (!bypasses || policies)
  if (!wrong || canGiveBypass(administrator)) return missing
  const word = bypasses ? 'bypassrls' : 'nobypassrls'
  const what = bypasses
    ? `may not let the role ${id} bypass policies, as on the target`
    : `may not take BYPASSRLS from the role ${id}, which has none on the target`
  const create = `create role ${id} bypassrls; comment on role ${id} is ${client.escapeLiteral(ROLE_MARK)}`
  if (!rulesOverAllRoles(administrator)) return [...missing, { what, sql: `alter role ${login} bypassrls` }]
  return [...missing, { what, sql: found === undefined ? create : `alter role ${id} ${word}` }]
}

async function readPresentRoles(
  client: Client,
  administrator: Administrator,
): Promise<Map<string, PresentRole>> {
  const { rows } = await client.query<PresentRole & { name: string }>(
    `select rolname::text as name, coalesce(shobj_description(oid, 'pg_authid') = $1, false) as made,
       rolsuper or rolreplication as powerful, rolbypassrls as "bypassRls",
       $2 or pg_has_role(oid, 'usage with admin option') as ruled
     from pg_roles`,
    [ROLE_MARK, rulesOverAllRoles(administrator)],
  )
  return new Map(rows.map(({ name, ...role }) => [name, role]))
}

async function overExtensions(
  client: Client,
  { name: login, ofProvider }: Administrator,
  { extensions = [] }: SourceProfile,
): Promise<MissingPower[]> {
  const { rows } = await client.query<{ name: string }>(
    'select name::text from pg_available_extension_versions group by name having not bool_or(trusted)',
  )
  const untrusted = new Set(rows.map(({ name }) => name))
  return extensions
    .filter(({ name, mayLack }) => untrusted.has(name) && isApproved(name) && mayLack !== true && !ofProvider)
    .map(({ name }) => ({
      what: `may not create the extension ${name}, which PostgreSQL lets a superuser create alone (deviations: [extension ${name}] of bundle.yaml does without it)`,
      sql: `alter role ${client.escapeIdentifier(login)} superuser`,
    }))
}

/** Before PostgreSQL 15 a superuser owns the schema public of a new database. */
function overPublicSchema(
  client: Client,
  { name, versionNumber }: Administrator,
  { publicSchema, roles }: SourceProfile,
): MissingPower[] {
  if (versionNumber >= PUBLIC_OF_OWNER || publicSchema === undefined) return []
  const isDefault =
    publicSchema !== null &&
    publicSchema.comment === 'standard public schema' &&
    roles.every((role) => role.name !== publicSchema.owner || role.superuser) &&
    publicSchema.rights.filter(({ to }) => to !== publicSchema.owner).every(({ to }) => to === null) &&
    publicSchema.rights.filter(({ to }) => to === null).length === 2
  if (isDefault) return []
  const sql = `alter role ${client.escapeIdentifier(name)} superuser`
  return [{ what: 'may not change the schema public of a new database before PostgreSQL 15', sql }]
}

async function overSettings(
  client: Client,
  { name: login, versionNumber }: Administrator,
  { settings }: SourceProfile,
): Promise<MissingPower[]> {
  const grantable = versionNumber >= PUBLIC_OF_OWNER
  const { rows } = await client.query<{ name: string }>(
    `select name::text from pg_settings where name = any ($1) and context = 'superuser'
       ${grantable ? "and not has_parameter_privilege(name, 'set')" : ''}`,
    [settings.map(([name]) => name)],
  )
  const id = client.escapeIdentifier(login)
  return rows.map(({ name }) => ({
    what: `may not set ${name} for a database`,
    sql: grantable ? `grant set on parameter ${name} to ${id}` : `alter role ${id} superuser`,
  }))
}
