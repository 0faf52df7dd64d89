import type { Client } from 'pg'
import {
  applySettings,
  createRehearsalDatabase,
  describeRehearsalDatabase,
} from './create-rehearsal-database.ts'
import { type MigrationDatabase, openMigrationDatabase, type ServerIdentity } from './migration-database.ts'
import { withSession } from './pg-session.ts'
import type { RehearsalDatabaseFacts, RehearsalDatabaseRef, SourceProfile } from './rehearsal-database.ts'
import { dropUnusedRoles } from './rehearsal-roles.ts'
import {
  chooseRehearsalServer,
  missingRehearsalServerError,
  readRehearsalServer,
} from './rehearsal-server.ts'
import { findMigrationStop } from './target-stops.ts'

/**
 * Rehearsal databases: backups are restored into them, and migrations are rehearsed on them. Each is on a server of the target's
 * own major version. Roles that it names and the server lacks are created without a login, and dropped with the last rehearsal
 * database that names them.
 */
export interface MigrationRehearsalDatabases {
  /**
   * Chooses the server for the rehearsal databases of a target, and returns it as a `place`.
   * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE when no server of the target's major version can be used
   */
  chooseServer(target: string, source: ServerIdentity): Promise<string>
  /** Creates an empty database. A database of that name, left by an earlier attempt of the effect, is dropped first. */
  create(facts: Omit<RehearsalDatabaseFacts, 'roles'>, profile: SourceProfile): Promise<MigrationDatabase>
  /** Opens a database as a role; without `asRole` as the server's administrator. */
  open(ref: RehearsalDatabaseRef, asRole?: string): Promise<MigrationDatabase>
  /** Records that a database is about to be changed. Returns true when it was recorded before, or the database is missing. */
  markUsed(ref: RehearsalDatabaseRef): Promise<boolean>
  /** Drops a database, and the roles that no other rehearsal database names. */
  drop(ref: RehearsalDatabaseRef): Promise<void>
  /** Lists the rehearsal databases on all known servers. A server that does not exist yet is not started. */
  list(): Promise<RehearsalDatabaseFacts[]>
}

/** The servers on which rehearsal databases are created. */
interface RehearsalServers {
  /** The administrator's URL for a database of a place; null where the place has no server. */
  adminUrl(place: string, database: string): Promise<string | null>
  /** The places whose servers exist already. */
  places(): Promise<string[]>
}

/** Gives access to the rehearsal databases on these servers. It connects at the first call of a method. */
export function openRehearsalDatabases(servers: RehearsalServers): MigrationRehearsalDatabases {
  const administer = administratorOf(servers)
  const open: MigrationRehearsalDatabases['open'] = async (ref, asRole) => {
    const url = await servers.adminUrl(ref.place, ref.database)
    if (url === null) throw missingRehearsalServerError(ref.place)
    return openMigrationDatabase({
      name: `rehearsal ${ref.database}`,
      role: asRole ?? 'administrator',
      url: () => url,
      ...(asRole === undefined ? {} : { asRole }),
    })
  }
  return {
    chooseServer: (target, source) =>
      chooseRehearsalServer(target, source, async (place) =>
        (await servers.adminUrl(place, 'postgres')) === null
          ? null
          : administer(place, 'postgres', readRehearsalServer),
      ),
    async create(facts, profile) {
      await administer(facts.place, 'postgres', (client) => createRehearsalDatabase(client, facts, profile))
      await administer(facts.place, facts.database, (client) =>
        applySettings(client, facts, profile.settings),
      )
      return open(facts)
    },
    open,
    markUsed: ({ place, database }) =>
      administer(place, 'postgres', async (client) => {
        const found = (await listOn(client, place)).find((one) => one.database === database)
        // The caller restores the backup again when the database is missing or was not created by Cutter.
        if (found === undefined || found.used === true) return true
        await describeRehearsalDatabase(client, { ...found, used: true })
        return false
      }),
    drop: ({ place, database }) =>
      administer(place, 'postgres', async (client) => {
        const found = (await listOn(client, place)).find((one) => one.database === database)
        await client.query(`drop database if exists ${client.escapeIdentifier(database)} with (force)`)
        if (found !== undefined) await dropUnusedRoles(client, found.roles, await listOn(client, place))
      }),
    async list() {
      const places = await servers.places()
      const lists = await Promise.all(
        places.map((place) => administer(place, 'postgres', (client) => listOn(client, place))),
      )
      return lists.flat()
    },
  }
}

/** Returns a function that runs work in a session of a server's administrator. */
const administratorOf =
  (servers: RehearsalServers) =>
  async <T>(place: string, database: string, work: (client: Client) => Promise<T>): Promise<T> => {
    const url = await servers.adminUrl(place, database)
    if (url === null) throw missingRehearsalServerError(place)
    try {
      return await withSession(url, { applicationName: 'cutter rehearsal' }, work)
    } catch (error) {
      throw findMigrationStop(error, `rehearsal server ${place}`, 'administrator') ?? error
    }
  }

/** Databases whose comment holds no facts were not created by Cutter, and are left out. */
async function listOn(client: Client, place: string): Promise<RehearsalDatabaseFacts[]> {
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
