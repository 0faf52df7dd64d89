import type { Client } from 'pg'
import { Stop } from '../../domain/errors.ts'
import { READS_PASSWORDS } from '../../domain/rehearsal-powers.ts'
import type { TargetCaller } from '../target.ts'
import {
  applySettings,
  createEmptyDatabase,
  furnishDatabase,
  grantRights,
} from './create-rehearsal-database.ts'
import { grantReads } from './grant-reads.ts'
import { type MigrationDatabase, openMigrationDatabase, type ServerIdentity } from './migration-database.ts'
import { assertPowers } from './missing-powers.ts'
import { withSession } from './pg-session.ts'
import { asAdministrator } from './rehearsal-administrator.ts'
import type { RehearsalDatabaseFacts, RehearsalDatabaseRef, SourceProfile } from './rehearsal-database.ts'
import type { RehearsalPlace } from './rehearsal-place.ts'
import { allowLogin, renewRestoreRole } from './rehearsal-roles.ts'
import { chooseRehearsalServer, EMBEDDED_TARGET, missingRehearsalServerError } from './rehearsal-server.ts'
import { passwordOf, readersRoleOf, restoreRoleOf, urlOfRole } from './role-login.ts'
import { findMigrationStop } from './target-stops.ts'

/**
 * Rehearsal databases: backups are restored into them, and migrations are rehearsed on them. Each is on a server of the target's
 * own major version. Code of others runs there with the logins of roles without power: the administrator creates the empty database,
 * and never connects to it once it holds an object of others.
 */
export interface MigrationRehearsalDatabases {
  /**
   * Chooses the server for the rehearsal databases of a target, and returns it as a `place`.
   * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE when no server of the target's major version can be used, or the login of the one that the
   *   target names lacks a power that a rehearsal of this source needs
   */
  chooseServer(target: string, source: ServerIdentity, profile: SourceProfile): Promise<string>
  /**
   * Creates an empty database, opened as the role that restores a backup. A database of that name, left by an earlier attempt of the
   * effect, is dropped first.
   */
  create(facts: Omit<RehearsalDatabaseFacts, 'roles'>, profile: SourceProfile): Promise<MigrationDatabase>
  /** After the restore: gives the database the privileges of its source and no others, and the role that restored what it had. */
  seal(ref: RehearsalDatabaseRef, profile: SourceProfile): Promise<void>
  /** Opens a database as a role; without `asRole` as the role that restored it, to which all its objects belong. */
  open(ref: RehearsalDatabaseRef, asRole?: string): Promise<MigrationDatabase>
  /** The sandbox of the server that holds a database, for receipts; null for a server that Cutter did not start. */
  sandbox(ref: RehearsalDatabaseRef): Promise<string | null>
  /** Whether a database exists that was restored without power. Earlier versions restored as a superuser. */
  has(ref: RehearsalDatabaseRef): Promise<boolean>
  /** Records that a database is about to be changed. Returns true when it was recorded before, or `has` is false. */
  markUsed(ref: RehearsalDatabaseRef, context: TargetCaller): Promise<boolean>
  /** Drops a database, and the roles that no other rehearsal database names. */
  drop(ref: RehearsalDatabaseRef): Promise<void>
  /** Lists the rehearsal databases on all known servers. A server that does not exist yet is not started. */
  list(): Promise<RehearsalDatabaseFacts[]>
}

/** Finds the places for rehearsal databases. */
interface RehearsalPlaces {
  /** The place of that name, or null. */
  find(place: string): Promise<RehearsalPlace | null>
  /** The places that exist already. */
  list(): Promise<RehearsalPlace[]>
}

/** Gives access to the rehearsal databases at these places. It connects at the first call of a method. */
export function openRehearsalDatabases(places: RehearsalPlaces): MigrationRehearsalDatabases {
  const find = async (place: string) => {
    const found = await places.find(place)
    if (found === null) throw missingRehearsalServerError(place)
    return found
  }
  const open: MigrationRehearsalDatabases['open'] = async (ref, asRole) => {
    const place = await find(ref.place)
    if (!(await place.has(ref.database))) throw missingDatabaseError(ref)
    return openAs(place, ref, asRole)
  }
  return {
    async chooseServer(target, source, profile) {
      const chosen = await chooseRehearsalServer(target, source, async (name) => {
        const place = await places.find(name)
        return place === null ? null : explained(name, () => place.readServer())
      })
      if (chosen === EMBEDDED_TARGET) return chosen
      const place = await find(chosen)
      await explained(chosen, () =>
        administer(place, '', 'postgres', (client) => assertPowers(client, profile, target)),
      )
      return chosen
    },
    create: async (facts, profile) => {
      const place = await find(facts.place)
      return explained(facts.place, () => createAt(place, facts, profile))
    },
    async seal(ref, profile) {
      const place = await find(ref.place)
      const facts = await place.read(ref.database)
      if (facts === null) throw missingDatabaseError(ref)
      const name = restoreRoleOf(ref.database)
      const password = passwordOf(await place.adminUrl(ref.database, 'postgres'), name)
      await administer(place, ref.database, 'postgres', async (client) => {
        await renewRestoreRole(client, { name, password, database: ref.database })
        await grantRights(client, ref.database, profile, [...facts.roles, name])
        await applySettings(client, facts, profile.settings)
      })
      const reads = profile.roles.some(({ memberOf }) => memberOf.includes(READS_PASSWORDS))
      if (reads && ref.place !== EMBEDDED_TARGET) await grantReadsIn(place, ref.database, facts.roles)
    },
    open,
    sandbox: async ({ place, database }) => (await find(place)).sandbox(database),
    has: async ({ place, database }) => (await find(place)).has(database),
    async markUsed(ref) {
      const place = await find(ref.place)
      const found = await place.read(ref.database)
      // The caller restores the backup again when the database is missing or was not created by Cutter.
      if (found === null || found.used === true || !(await place.has(ref.database))) return true
      await place.describe({ ...found, used: true })
      return false
    },
    drop: async ({ place, database }) => (await find(place)).remove(database),
    async list() {
      const lists = await Promise.all((await places.list()).map((place) => place.list()))
      return lists.flat()
    },
  }
}

async function createAt(
  place: RehearsalPlace,
  facts: Omit<RehearsalDatabaseFacts, 'roles'>,
  profile: SourceProfile,
): Promise<MigrationDatabase> {
  const { database, target } = facts
  await assertNotSource(place, facts)
  // A server that Cutter makes does not exist yet, or a process was killed while it removed that. Its administrator may do everything.
  if (facts.place !== EMBEDDED_TARGET)
    await administer(place, database, 'postgres', (client) => assertPowers(client, profile, target))
  await place.prepare(database)
  const name = restoreRoleOf(database)
  const restore = { name, password: passwordOf(await place.adminUrl(database, 'postgres'), name) }
  const roles = await administer(place, database, 'postgres', (client) =>
    createEmptyDatabase(client, facts, profile, restore),
  )
  await place.describe({ ...facts, roles: profile.roles.map((role) => role.name) })
  await administer(place, database, database, (client) =>
    furnishDatabase(client, target, profile, { restoreRole: name, roles }),
  )
  return openAs(place, facts)
}

async function openAs(
  place: RehearsalPlace,
  { place: target, database }: RehearsalDatabaseRef,
  asRole?: string,
): Promise<MigrationDatabase> {
  const adminUrl = await place.adminUrl(database, 'postgres')
  const role = asRole ?? restoreRoleOf(database)
  const url = urlOfRole(adminUrl, role, database)
  if (asRole !== undefined)
    await administer(place, database, 'postgres', (client) =>
      allowLogin(client, { name: role, password: passwordOf(adminUrl, role) }, target),
    )
  return openMigrationDatabase({ name: `rehearsal ${database}`, role, url: () => url })
}

async function assertNotSource(
  place: RehearsalPlace,
  { database, source }: Pick<RehearsalDatabaseFacts, 'database' | 'source'>,
): Promise<void> {
  const { systemIdentifier } = await place.readServer()
  if (systemIdentifier !== source.systemIdentifier || database !== source.database) return
  throw new Stop(
    'STOP_BACKUP_FAILED',
    `the rehearsal database ${database} would replace its own source; nothing was changed`,
    {
      next: 'point targets.<name>.rehearsalUrlEnv to another server and start another run',
    },
  )
}

/** Works in a session of the administrator of the server that holds a rehearsal database. */
const administer = async <T>(
  place: RehearsalPlace,
  name: string,
  database: string,
  work: (client: Client) => Promise<T>,
): Promise<T> => asAdministrator(await place.adminUrl(name, database), work)

/** Privileges are granted by the role that restored, because the administrator does not connect to what holds objects of others. */
async function grantReadsIn(place: RehearsalPlace, database: string, roles: string[]): Promise<void> {
  const url = urlOfRole(await place.adminUrl(database, 'postgres'), restoreRoleOf(database), database)
  await withSession(url, { applicationName: 'cutter rehearsal' }, (client) =>
    grantReads(client, readersRoleOf(database), roles),
  )
}

async function explained<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw findMigrationStop(error, `rehearsal server ${place}`, 'administrator') ?? error
  }
}

const missingDatabaseError = ({ database }: RehearsalDatabaseRef) =>
  new Stop('STOP_REHEARSAL_FAILED', `the rehearsal database ${database} no longer exists`, {
    next: 'cancel this run and start another',
  })
