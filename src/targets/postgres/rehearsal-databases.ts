import type { Client } from 'pg'
import { Stop } from '../../domain/errors.ts'
import {
  type MigrationDatabase,
  majorVersionOf,
  openMigrationDatabase,
  type ServerIdentity,
} from './migration-database.ts'
import { findMigrationStop, withSession } from './pg-session.ts'

/**
 * Databases into which backups are restored, and on which migrations are rehearsed: each on a server of the target's own major
 * version. Roles that the copy names and the server lacks are made without a login, and go with the last copy that names them.
 */

/** Where a copy lies: `embedded`, or the target whose rehearsal server has it. */
export interface RehearsalDatabaseRef {
  place: string
  database: string
}

/** What a database must be made with, so that a restored copy of it behaves like it. */
export interface SourceProfile {
  encoding: string
  collate: string
  ctype: string
  /** c, i (ICU) or b (builtin), with the locale of the latter two. */
  provider: string
  locale: string | null
  /** Who owns the database, and who may do what with it (null: everybody): a dump does not tell. */
  owner: string
  rights: { right: string; to: string | null }[]
  /** Settings of the database and of the migrating role in it. */
  settings: [name: string, value: string][]
  roles: RoleProfile[]
}

export interface RoleProfile {
  name: string
  superuser: boolean
  createRole: boolean
  createDatabase: boolean
  bypassRls: boolean
  memberOf: string[]
}

export interface RehearsalDatabaseFacts extends RehearsalDatabaseRef {
  runId: string
  target: string
  source: { systemIdentifier: string; database: string }
  madeAt: string
  roles: string[]
  /** Set once something is rehearsed on it: it is then no longer the backup's content. */
  used?: true
}

export interface MigrationRehearsalDatabases {
  /** The place for copies of a target. Stops where no server of its major version is to be had. */
  placeFor(target: string, source: ServerIdentity): Promise<string>
  /** An empty database; one of that name, left by an earlier try of the same effect, goes first. */
  make(facts: Omit<RehearsalDatabaseFacts, 'roles'>, profile: SourceProfile): Promise<MigrationDatabase>
  /** `asRole` left out: as the server's administrator. */
  open(ref: RehearsalDatabaseRef, asRole?: string): Promise<MigrationDatabase>
  /** Remembers that a copy is about to be changed; true when it was already. */
  use(ref: RehearsalDatabaseRef): Promise<boolean>
  drop(ref: RehearsalDatabaseRef): Promise<void>
  list(): Promise<RehearsalDatabaseFacts[]>
}

export interface RehearsalServers {
  /** Administrator's URL by place; null where there is no such server. */
  adminUrl(place: string, database: string): Promise<string | null>
  /** The places that exist without starting anything. */
  places(): Promise<string[]>
}

export const EMBEDDED_TARGET = 'embedded'
const ROLE_MARK = 'made by cutter for rehearsals'

export function openRehearsalDatabases(servers: RehearsalServers): MigrationRehearsalDatabases {
  const admin = async <T>(
    place: string,
    database: string,
    work: (client: Client) => Promise<T>,
  ): Promise<T> => {
    const url = await servers.adminUrl(place, database)
    if (url === null) throw noSuchPlace(place)
    try {
      return await withSession(url, { applicationName: 'cutter rehearsal' }, work)
    } catch (error) {
      throw findMigrationStop(error, `rehearsal server ${place}`, 'administrator') ?? error
    }
  }
  const open: MigrationRehearsalDatabases['open'] = async (ref, asRole) => {
    const url = await servers.adminUrl(ref.place, ref.database)
    if (url === null) throw noSuchPlace(ref.place)
    return openMigrationDatabase({
      name: `rehearsal ${ref.database}`,
      role: asRole ?? 'administrator',
      url: () => url,
      ...(asRole === undefined ? {} : { asRole }),
    })
  }
  const placeFor: MigrationRehearsalDatabases['placeFor'] = async (target, source) => {
    const found: string[] = []
    // One that is named has what the embedded server lacks: extensions, locales, settings.
    for (const place of new Set([target, EMBEDDED_TARGET])) {
      if ((await servers.adminUrl(place, 'postgres')) === null) continue
      const { versionNumber, superuser, systemIdentifier } = await admin(place, 'postgres', serverFacts)
      // Its load and its roles would be the target’s own. The embedded server is both by nature.
      if (place !== EMBEDDED_TARGET && systemIdentifier === source.systemIdentifier)
        found.push(`${place} names the target’s own server`)
      else if (majorVersionOf({ versionNumber }) !== majorVersionOf(source))
        found.push(`${place} has ${majorVersionOf({ versionNumber })}`)
      else if (superuser) return place
      else found.push(`${place} lets us log in without being superuser`)
    }
    throw new Stop(
      'STOP_REHEARSAL_NOT_REPRESENTATIVE',
      `target ${target} runs PostgreSQL ${majorVersionOf(source)}, and no rehearsal server does (${found.join('; ')}); nothing was touched`,
      {
        next: `name a server of major version ${majorVersionOf(source)} in cutter.yaml: targets.${target}.rehearsalUrlEnv; then resume the run`,
      },
    )
  }
  return {
    placeFor,
    open,
    async make(facts, profile) {
      const roles = profile.roles.map(({ name }) => name)
      await admin(facts.place, 'postgres', async (client) => {
        await refuseSource(client, facts)
        const name = client.escapeIdentifier(facts.database)
        await client.query(`drop database if exists ${name} with (force)`)
        await makeRoles(client, profile.roles)
        await client.query(`create database ${name} ${creation(client, profile)}`).catch((error: Error) => {
          throw notLike(facts.target, error)
        })
        await grantRights(client, name, profile)
        await describe(client, { ...facts, roles })
      })
      await admin(facts.place, facts.database, (client) => applySettings(client, facts, profile.settings))
      return open(facts)
    },
    use: ({ place, database }) =>
      admin(place, 'postgres', async (client) => {
        const [copy] = (await copiesOn(client, place)).filter((one) => one.database === database)
        // Gone, or not ours: whoever asks makes it anew.
        if (copy === undefined || copy.used === true) return true
        await describe(client, { ...copy, used: true })
        return false
      }),
    drop: ({ place, database }) =>
      admin(place, 'postgres', async (client) => {
        const [copy] = (await copiesOn(client, place)).filter((one) => one.database === database)
        await client.query(`drop database if exists ${client.escapeIdentifier(database)} with (force)`)
        if (copy !== undefined) await dropRoles(client, copy.roles, await copiesOn(client, place))
      }),
    async list() {
      const places = await servers.places()
      const lists = await Promise.all(
        places.map((place) => admin(place, 'postgres', (client) => copiesOn(client, place))),
      )
      return lists.flat()
    },
  }
}

async function describe(client: Client, facts: RehearsalDatabaseFacts): Promise<void> {
  const name = client.escapeIdentifier(facts.database)
  await client.query(`comment on database ${name} is ${client.escapeLiteral(JSON.stringify(facts))}`)
}

const noSuchPlace = (place: string) =>
  new Stop('STOP_REHEARSAL_NOT_REPRESENTATIVE', `there is no rehearsal server for ${place} any more`, {
    next: `name it in cutter.yaml: targets.${place}.rehearsalUrlEnv`,
  })

const notLike = (target: string, cause: Error) =>
  new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `no copy like target ${target} can be made on the rehearsal server: ${cause.message}`,
    {
      next: `name a server that has its locales and settings (targets.${target}.rehearsalUrlEnv) and start another run`,
      cause,
    },
  )

/** A copy is never made over what it is a copy of. */
async function refuseSource(
  client: Client,
  { database, source }: Pick<RehearsalDatabaseFacts, 'database' | 'source'>,
) {
  const { systemIdentifier } = await serverFacts(client)
  if (systemIdentifier !== source.systemIdentifier || database !== source.database) return
  throw new Stop(
    'STOP_BACKUP_FAILED',
    `the place for the copy, database ${database}, is the source itself; nothing was touched`,
  )
}

async function serverFacts(client: Client) {
  const { rows } = await client.query<{
    versionNumber: number
    superuser: boolean
    systemIdentifier: string
  }>(
    `select current_setting('server_version_num')::int as "versionNumber",
       (pg_control_system()).system_identifier::text as "systemIdentifier",
       (select rolsuper from pg_roles where rolname = current_user) as superuser`,
  )
  return rows[0]!
}

function creation(client: Client, { encoding, collate, ctype, provider, locale }: SourceProfile): string {
  const text = (value: string) => client.escapeLiteral(value)
  const by: { [provider: string]: string } = {
    i: ` locale_provider icu icu_locale ${text(locale ?? '')}`,
    b: ` locale_provider builtin builtin_locale ${text(locale ?? '')}`,
  }
  return `template template0 encoding ${text(encoding)} lc_collate ${text(collate)} lc_ctype ${text(ctype)}${by[provider] ?? ''}`
}

/** Two runs may need the same role at once. */
async function makeRoles(client: Client, roles: RoleProfile[]): Promise<void> {
  await client.query("select pg_advisory_lock(hashtextextended('cutter/rehearsal roles', 0))")
  const { rows } = await client.query<{ name: string }>('select rolname as name from pg_roles')
  const there = new Set(rows.map(({ name }) => name))
  const missing = roles.filter(({ name }) => !there.has(name))
  for (const { name, ...role } of missing) {
    const rights = [
      ...(role.superuser ? ['superuser'] : []),
      ...(role.createRole ? ['createrole'] : []),
      ...(role.createDatabase ? ['createdb'] : []),
      ...(role.bypassRls ? ['bypassrls'] : []),
    ]
    const id = client.escapeIdentifier(name)
    await client.query(`create role ${id} nologin ${rights.join(' ')}`)
    await client.query(`comment on role ${id} is ${client.escapeLiteral(ROLE_MARK)}`)
    there.add(name)
  }
  for (const { name, memberOf } of missing) {
    for (const group of memberOf.filter((one) => there.has(one)))
      await client.query(`grant ${client.escapeIdentifier(group)} to ${client.escapeIdentifier(name)}`)
  }
  await client.query("select pg_advisory_unlock(hashtextextended('cutter/rehearsal roles', 0))")
}

/** A script that makes schemas, or tables in the owner's public schema, needs the rights that it has on the source. */
async function grantRights(client: Client, name: string, { owner, rights }: SourceProfile): Promise<void> {
  await client.query(`alter database ${name} owner to ${client.escapeIdentifier(owner)}`)
  await client.query(`revoke all on database ${name} from public, ${client.escapeIdentifier(owner)}`)
  for (const { right, to } of rights) {
    const role = to === null ? 'public' : client.escapeIdentifier(to)
    await client.query(`grant ${right} on database ${name} to ${role}`)
  }
}

async function dropRoles(client: Client, roles: string[], left: RehearsalDatabaseFacts[]): Promise<void> {
  const needed = new Set(left.flatMap((copy) => copy.roles))
  const { rows } = await client.query<{ name: string }>(
    `select rolname as name from pg_roles r
     where rolname = any($1) and shobj_description(oid, 'pg_authid') = $2
       and not exists (select from pg_shdepend where refclassid = 'pg_authid'::regclass and refobjid = r.oid)`,
    [roles.filter((name) => !needed.has(name)), ROLE_MARK],
  )
  for (const { name } of rows) await client.query(`drop role if exists ${client.escapeIdentifier(name)}`)
}

/** `from current`, since the stored text of a list such as search_path is no literal that SET takes. */
async function applySettings(
  client: Client,
  { database, target }: Pick<RehearsalDatabaseFacts, 'database' | 'target'>,
  settings: SourceProfile['settings'],
): Promise<void> {
  try {
    for (const [name, value] of settings) {
      const path = name.split('.').map((part) => client.escapeIdentifier(part))
      await client.query('select set_config($1, $2, false)', [name, value])
      await client.query(
        `alter database ${client.escapeIdentifier(database)} set ${path.join('.')} from current`,
      )
    }
  } catch (error) {
    throw notLike(target, error as Error)
  }
}

async function copiesOn(client: Client, place: string): Promise<RehearsalDatabaseFacts[]> {
  const { rows } = await client.query<{ database: string; text: string | null }>(
    `select datname as database, shobj_description(oid, 'pg_database') as text
     from pg_database where datname like 'rehearsal\\_%' order by datname`,
  )
  return rows.flatMap(({ database, text }) => {
    try {
      return [{ ...(JSON.parse(text ?? '') as RehearsalDatabaseFacts), place, database }]
    } catch {
      return []
    }
  })
}
