import type { Client } from 'pg'
import {
  type Administrator,
  asAdministrator,
  joinRole,
  readAdministrator,
} from './rehearsal-administrator.ts'
import type { RehearsalDatabaseFacts } from './rehearsal-database.ts'
import { dropReadersRole, dropUnusedRoles } from './rehearsal-roles.ts'
import { type RehearsalServerFacts, readRehearsalServer } from './rehearsal-server.ts'
import { restoreRoleOf } from './role-login.ts'

/** A place for rehearsal databases: a server that the user names, or servers that Cutter makes, one for each database. */
export interface RehearsalPlace {
  readServer(): Promise<RehearsalServerFacts>
  /** Makes the server that will hold the database, if necessary, and removes a database of that name. */
  prepare(name: string): Promise<void>
  /** The administrator's URL for a `database` of the server that holds, or will hold, the rehearsal database `name`. */
  adminUrl(name: string, database: string): Promise<string>
  /** The sandbox of the server that holds a database, for receipts; null for a server that Cutter did not start. */
  sandbox(name: string): Promise<string | null>
  /** Saves what is known of a database. */
  describe(facts: RehearsalDatabaseFacts): Promise<void>
  list(): Promise<RehearsalDatabaseFacts[]>
  /** What is known of a database, or null. */
  read(name: string): Promise<RehearsalDatabaseFacts | null>
  /** Whether the place has a database that was restored without power. Earlier versions restored as a superuser. */
  has(name: string): Promise<boolean>
  /** Removes a database and whatever was made for it. */
  remove(name: string): Promise<void>
}

/**
 * A server that the user names. What is known of a database is the comment on it. Roles that the server lacks are created, and dropped
 * with the last database that names them. The administrator never connects to a database that holds objects of others.
 * @param adminUrl returns the administrator's URL for a database
 */
export function openNamedServer(
  place: string,
  adminUrl: (database: string) => Promise<string>,
): RehearsalPlace {
  const administer = async <T>(work: (client: Client) => Promise<T>): Promise<T> =>
    asAdministrator(await adminUrl('postgres'), work)
  const remove = (name: string) =>
    administer(async (client) => {
      const found = await readOn(client, place, name)
      const administrator = await readAdministrator(client)
      await dropDatabase(client, administrator, name)
      await client.query(`drop role if exists ${client.escapeIdentifier(restoreRoleOf(name))}`)
      await dropReadersRole(client, name)
      if (found !== null)
        await dropUnusedRoles(client, administrator, found.roles, await listOn(client, place))
    })
  return {
    readServer: () => administer(readRehearsalServer),
    prepare: remove,
    adminUrl: (_, database) => adminUrl(database),
    sandbox: async () => null,
    describe: (facts) =>
      administer(async (client) => {
        const text = client.escapeLiteral(JSON.stringify(facts))
        await client.query(`comment on database ${client.escapeIdentifier(facts.database)} is ${text}`)
      }),
    list: async () => (await administer((client) => listOn(client, place))).filter(isKept),
    read: (name) => administer((client) => readOn(client, place, name)),
    has: (name) =>
      administer(async (client) => {
        const { rowCount } = await client.query('select from pg_roles where rolname = $1', [
          restoreRoleOf(name),
        ])
        return rowCount === 1 && (await readOn(client, place, name)) !== null
      }),
    remove,
  }
}

/** Code of others may have made the database a template, which nobody can drop, or taken its membership from the administrator. */
async function dropDatabase(client: Client, administrator: Administrator, name: string): Promise<void> {
  const id = client.escapeIdentifier(name)
  const { rows } = await client.query<{ owner: string }>(
    `select pg_get_userbyid(datdba)::text as owner from pg_database where datname = $1 and pg_get_userbyid(datdba) <> current_user`,
    [name],
  )
  for (const { owner } of rows) await joinRole(client, administrator, owner)
  const { rowCount } = await client.query('select from pg_database where datname = $1 and datistemplate', [
    name,
  ])
  if (rowCount === 1) await client.query(`alter database ${id} is_template false`)
  if (administrator.superuser) return void (await client.query(`drop database if exists ${id} with (force)`))
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pg_has_role(usename, 'usage')`,
    [name],
  )
  await client.query(`drop database if exists ${id}`)
}

/** Whether a database outlives its effect. Others only prove that a backup can be restored. */
export const isKept = ({ database }: RehearsalDatabaseFacts): boolean => database.startsWith('rehearsal_')

/** Databases whose comment holds no facts were not created by Cutter, and are left out. */
async function listOn(client: Client, place: string): Promise<RehearsalDatabaseFacts[]> {
  const { rows } = await client.query<{ database: string; text: string | null }>(
    `select datname as database, shobj_description(oid, 'pg_database') as text
     from pg_database where datname ~ '^(rehearsal|restored)_' order by datname`,
  )
  return rows.flatMap(({ database, text }) => {
    const facts = readFacts(text)
    return facts === null ? [] : [{ ...facts, place, database }]
  })
}

/** The owner of a database, whom code of others may be, can write another comment on it. One that is not as Cutter writes it holds no facts. */
function readFacts(text: string | null): Omit<RehearsalDatabaseFacts, 'place' | 'database'> | null {
  try {
    const { runId, target, source, madeAt, roles, used } = JSON.parse(text ?? '') as RehearsalDatabaseFacts
    const { systemIdentifier, database } = source
    const texts: unknown[] = [runId, target, madeAt, systemIdentifier, database, ...roles]
    if (!Array.isArray(roles) || texts.some((one) => typeof one !== 'string')) return null
    const facts = { runId, target, source: { systemIdentifier, database }, madeAt, roles }
    return used === true ? { ...facts, used } : facts
  } catch {
    return null
  }
}

const readOn = async (client: Client, place: string, name: string) =>
  (await listOn(client, place)).find(({ database }) => database === name) ?? null
