import type { Client } from 'pg'
import { OF_PROVIDERS } from '../../domain/rehearsal-powers.ts'
import { withSession } from './pg-session.ts'
import { withoutEnvironment } from './session-options.ts'

/** The login with which Cutter makes roles and databases on a rehearsal server. */
export interface Administrator {
  name: string
  /** Of the server, such as 150018. */
  versionNumber: number
  superuser: boolean
  createRole: boolean
  createDatabase: boolean
  bypassRls: boolean
  inherits: boolean
  /** Whether a provider made it a member of its own role for administrators, who may create some extensions that PostgreSQL does not trust. */
  ofProvider: boolean
}

/** Since this version a login rules only over roles that it created, or that were granted to it with the admin option. */
const RULES_OWN_ROLES = 160_000

/** Works in a session of an administrator. */
export const asAdministrator = <T>(url: string, work: (client: Client) => Promise<T>): Promise<T> =>
  withSession(withoutEnvironment(url), { applicationName: 'cutter rehearsal' }, work)

/** Reads what the login of a session may do on its server. */
export async function readAdministrator(client: Client): Promise<Administrator> {
  const { rows } = await client.query<Administrator>(
    `select rolname::text as name, current_setting('server_version_num')::int as "versionNumber", rolsuper as superuser,
       rolcreaterole as "createRole", rolcreatedb as "createDatabase", rolbypassrls as "bypassRls", rolinherit as inherits,
       exists (select from pg_roles g where g.rolname = any ($1) and pg_has_role(g.oid, 'member')) as "ofProvider"
     from pg_roles where rolname = current_user`,
    [OF_PROVIDERS],
  )
  return rows[0]!
}

/** Whether an administrator rules over all roles that are no superusers, whoever created them. */
export const rulesOverAllRoles = ({ superuser, versionNumber }: Administrator): boolean =>
  superuser || versionNumber < RULES_OWN_ROLES

/** Whether an administrator can let a role bypass policies. */
export const canGiveBypass = ({ superuser, bypassRls, versionNumber }: Administrator): boolean =>
  superuser || (bypassRls && versionNumber >= RULES_OWN_ROLES)

/** Gives an administrator that is no superuser the rights of a role, which it needs to make objects for it and to drop them. */
export async function joinRole(client: Client, administrator: Administrator, role: string): Promise<void> {
  if (administrator.superuser) return
  const options = rulesOverAllRoles(administrator) ? '' : ' with inherit true, set true'
  await client.query(`grant ${client.escapeIdentifier(role)} to current_user${options}`)
}
