import type { ClientBase } from 'pg'
import { quoteName } from '../../domain/quote-name.ts'
import { LOGIN_ROLES, type LoginRole } from './target-schema.ts'

// The statements that make a database a target, besides its migrations. `target init --dry-run` prints what `target init` runs.

/** Who initialises a target, and what that login may do. */
export interface Initiator {
  user: string
  /** The name of the database, quoted. */
  database: string
  isSuperuser: boolean
  mayCreateRoles: boolean
  ownsDatabase: boolean
  /** May become cutter_owner. False where that role does not exist yet. */
  mayBecomeOwner: boolean
  /** May grant itself cutter_owner: it made the role, or was given it with the admin option. */
  mayGrantOwner: boolean
  ownsPublic: boolean
}

export async function readInitiator(client: ClientBase): Promise<Initiator> {
  // Since PostgreSQL 16 the creator of a role is its member without the right to SET ROLE to it, and CREATEROLE alone grants nothing.
  const { rows } = await client.query<Initiator>(
    `select current_user as user, quote_ident(current_database()) as database, me.rolsuper as "isSuperuser",
       me.rolsuper or me.rolcreaterole as "mayCreateRoles",
       me.rolsuper or pg_has_role(d.datdba, 'member') as "ownsDatabase",
       me.rolsuper or pg_has_role(n.nspowner, 'member') as "ownsPublic",
       me.rolsuper or coalesce(pg_has_role(o.oid, case when v.number >= 160000 then 'set' else 'member' end), false) as "mayBecomeOwner",
       me.rolsuper or (v.number < 160000 and me.rolcreaterole)
         or coalesce(pg_has_role(o.oid, 'member with admin option'), false) as "mayGrantOwner"
     from pg_catalog.pg_roles me
       cross join (select current_setting('server_version_num')::int as number) v
       join pg_catalog.pg_database d on d.datname = current_database()
       left join pg_catalog.pg_namespace n on n.nspname = 'public'
       left join pg_catalog.pg_roles o on o.rolname = 'cutter_owner'
     where me.rolname = current_user`,
  )
  return rows[0]!
}

/** A statement about a role. With `passwordOf` it ends in the verifier of that role's password. */
export interface RoleStatement {
  sql: string
  passwordOf: LoginRole | null
}

const PLAIN = 'nosuperuser nocreatedb nocreaterole noinherit noreplication nobypassrls'

/** The statements that create missing roles and correct others. Existing roles keep their passwords, unless `setPasswords`. */
export async function listRoleStatements(
  client: ClientBase,
  setPasswords: boolean,
): Promise<RoleStatement[]> {
  const statements: RoleStatement[] = []
  for (const role of ['cutter_owner', ...LOGIN_ROLES] as const) {
    const login = role === 'cutter_owner' ? 'nologin' : 'login'
    const { rows } = await client.query<{ fits: boolean }>(
      `select not (rolsuper or rolcreatedb or rolcreaterole or rolinherit or rolreplication or rolbypassrls)
         and rolcanlogin = $2 as fits from pg_catalog.pg_roles where rolname = $1`,
      [role, login === 'login'],
    )
    const [found] = rows
    if (found === undefined)
      statements.push({ sql: `create role ${role} ${login} ${PLAIN}`, passwordOf: null })
    else if (!found.fits) statements.push({ sql: `alter role ${role} ${login} ${PLAIN}`, passwordOf: null })
    if (role !== 'cutter_owner' && (found === undefined || setPasswords))
      statements.push({ sql: `alter role ${role} password`, passwordOf: role })
  }
  return statements
}

/** What comes before and after the migrations. Only that long may cutter_owner create objects in this database. */
export function listOwnerStatements({ database, mayBecomeOwner }: Initiator): {
  before: string[]
  after: string[]
} {
  const logins = LOGIN_ROLES.join(', ')
  const grant = mayBecomeOwner ? [] : ['grant cutter_owner to current_user']
  return {
    before: [
      ...grant,
      `grant connect on database ${database} to ${logins}`,
      'revoke create on schema public from public',
      `grant usage on schema public to cutter_owner, ${logins}`,
      'grant create on schema public to cutter_owner',
      'create schema if not exists cutter_governance authorization cutter_owner',
      'create schema if not exists cutter_fencing authorization cutter_owner',
      'create schema if not exists cutter_reading authorization cutter_owner',
      'set local search_path = pg_catalog, pg_temp',
      'set local role cutter_owner',
    ],
    after: [
      'reset role',
      'revoke create on schema public from cutter_owner',
      ...(mayBecomeOwner ? [] : ['revoke cutter_owner from current_user']),
    ],
  }
}

/** The table that remembers which migrations a target has. */
export const MIGRATION_TABLE = `
    create table if not exists cutter_governance.schema_migration (
      name text not null,
      digest text not null,
      applied_at timestamptz not null default now(),
      constraint schema_migration_pkey primary key (name),
      constraint schema_migration_digest_is_one check (digest ~ '^sha256:[0-9a-f]{64}$')
    )`

/** A privilege that the owner's login needs, and whether it has it. */
export interface NeededPrivilege {
  privilege: string
  held: boolean
  /** How it is given, where it is missing. */
  grant: string | null
}

/** Lists the privileges that the statements need. A superuser has all of them. */
export function listNeededPrivileges(initiator: Initiator, roles: RoleStatement[]): NeededPrivilege[] {
  const { user, database, mayCreateRoles, ownsDatabase, ownsPublic, mayBecomeOwner, mayGrantOwner } =
    initiator
  const makesOwner = roles.some(({ sql }) => sql.startsWith('create role cutter_owner'))
  const name = quoteName(user)
  const need = (privilege: string, held: boolean, grant: string): NeededPrivilege => ({
    privilege,
    held,
    grant: held ? null : grant,
  })
  return [
    need(
      `${user} owns the database ${database}`,
      ownsDatabase,
      `alter database ${database} owner to ${name}`,
    ),
    need(`${user} owns the schema public`, ownsPublic, `alter schema public owner to ${name}`),
    ...(roles.length === 0
      ? []
      : [need(`${user} may create and alter roles`, mayCreateRoles, `alter role ${name} createrole`)]),
    ...(makesOwner
      ? []
      : [
          need(
            `${user} may become cutter_owner`,
            mayBecomeOwner || mayGrantOwner,
            `grant cutter_owner to ${name} with admin option`,
          ),
        ]),
  ]
}
