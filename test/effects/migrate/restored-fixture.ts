import { join } from 'node:path'
import type pg from 'pg'
import type { EffectContext } from '../../../src/domain/effect.ts'
import {
  type DatabaseContents,
  readDatabaseContents,
} from '../../../src/effects/migrate/database-contents.ts'
import { readDatabaseProfile } from '../../../src/effects/migrate/database-profile.ts'
import { readCatalogue } from '../../../src/effects/migrate/read-catalogue.ts'
import { readWithoutPolicies } from '../../../src/effects/migrate/read-without-policies.ts'
import { withDeviations } from '../../../src/effects/migrate/restore-backup.ts'
import { HAS_SCATTERED } from '../../../src/effects/migrate/scattered-partitions.ts'
import type { Catalogue } from '../../../src/migration/catalogue.ts'
import { openRehearsalServers } from '../../../src/targets/embedded/rehearsal-servers.ts'
import {
  type DatabaseDump,
  type DatabaseDumps,
  openDatabaseDumps,
} from '../../../src/targets/postgres/database-dumps.ts'
import {
  type MigrationDatabase,
  openMigrationDatabase,
} from '../../../src/targets/postgres/migration-database.ts'
import type { SourceProfile } from '../../../src/targets/postgres/rehearsal-database.ts'
import {
  type MigrationRehearsalDatabases,
  openRehearsalDatabases,
} from '../../../src/targets/postgres/rehearsal-databases.ts'
import type { LeftOut } from '../../../src/targets/postgres/restore-dump.ts'
import type { RestoreNeed } from '../../../src/targets/postgres/restore-needs.ts'
import { openTools } from '../../../src/tools/open-tools.ts'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, type Major, serverOf, startCluster } from '../../support/pg-cluster.ts'
import { aHome, clean } from '../../targets/embedded/embedded-homes.ts'

export const LIMITS = { lockTimeoutMs: 10_000, statementTimeoutMs: 60_000 }
export const REF = { place: 'embedded', database: 'rehearsal_of_shop' }
export const CONTEXT = {
  runId: 'mig-1',
  token: { run: 'mig-1', seq: 9, attempt: 1 },
  signal: new AbortController().signal,
  assertClaimed: async () => undefined,
  now: () => new Date(),
  progress: () => undefined,
} as unknown as EffectContext

/** What a comparison reads of a database. */
interface Found {
  catalogue: Catalogue
  contents: DatabaseContents
}

/** A database `shop` of one server, and its backup. */
export interface BackedUpShop {
  cluster: Cluster
  /** The database that was backed up. */
  target: MigrationDatabase
  source: Found
  profile: SourceProfile
  dumps: DatabaseDumps
  dump: DatabaseDump
  /** The absolute path of the backup. */
  path: string
  /** Reads another database of the same server, or of another. */
  find(database: string, on?: Cluster): Promise<Found>
  /** Restores the backup on a server for rehearsals, as a run does. */
  restore(
    databases: MigrationRehearsalDatabases,
    ref?: typeof REF,
    deviations?: string[],
  ): Promise<RestoredShop>
  stop(): Promise<void>
}

interface RestoredShop {
  /** As the role that restored it. */
  copy: MigrationDatabase
  leftOut: LeftOut[]
  needs: RestoreNeed[]
  restored: Found
}

/** A database `shop` of one server, and its backup restored on a server for rehearsals. */
export interface RestoredFixture
  extends Pick<BackedUpShop, 'target' | 'source' | 'profile' | 'dumps' | 'dump'>,
    RestoredShop {
  databases: MigrationRehearsalDatabases
  stop(): Promise<void>
}

interface Prepared {
  prepare(maker: pg.Client, connect: () => Promise<pg.Client>): Promise<void>
  /** The role that backs the database up. */
  login?: string
  /** How many processes dump and restore at once. */
  jobs?: number
  /** The major version of its server. */
  major?: Major
}

/** Makes a shop and backs it up. */
export async function backUpShop(given: Prepared): Promise<BackedUpShop> {
  const { prepare, login = 'postgres', jobs = 1, major = 15 } = given
  const cluster = await startCluster(serverOf(major))
  const maker = await connectClient(cluster.url())
  await maker.query('create database shop')
  const shop = await connectClient(cluster.url('shop'))
  await prepare(maker, async () => shop)
  await Promise.all([maker.end(), shop.end()])
  const { home } = aHome()
  const dumps = openDatabaseDumps(home, openTools({}), jobs)
  const target = openMigrationDatabase({ name: 'shop', role: login, url: () => cluster.url('shop', login) })
  const { dump, profile } = await target.read(CONTEXT, async (sql) => {
    const { rows } = await sql.query<{ id: string }>('select pg_export_snapshot() as id')
    const options = {
      name: 'before',
      snapshot: rows[0]!.id,
      serverMajor: major,
      lockTimeoutMs: 10_000,
      databaseBytes: 0,
      scattered: (await sql.query<{ scattered: boolean }>(HAS_SCATTERED)).rows[0]!.scattered,
    }
    return { dump: await dumps.take(CONTEXT, target, options), profile: await readDatabaseProfile(sql) }
  })
  const facts = { runId: 'mig-1', target: 'shop', source: { systemIdentifier: '1', database: 'shop' } }
  const find = async (database: MigrationDatabase): Promise<Found> => ({
    contents: await readWithoutPolicies(database, CONTEXT, (sql) =>
      readDatabaseContents(sql, database, () => undefined),
    ),
    catalogue: await database.read(CONTEXT, readCatalogue),
  })
  return {
    cluster,
    target,
    profile,
    dumps,
    dump,
    path: join(home, dump.file),
    source: await find(target),
    find: (name, on) =>
      find(
        openMigrationDatabase({
          name,
          role: login,
          url: () => (on ? on.url(name) : cluster.url(name, login)),
        }),
      ),
    async restore(databases, ref = REF, deviations = []) {
      const copy = await databases.create(
        { ...ref, ...facts, madeAt: '' },
        withDeviations(profile, deviations),
      )
      const options = { settings: profile.settings, role: login, deviations }
      const { leftOut, needs } = await dumps.restore(CONTEXT, dump, copy, options)
      await databases.seal(ref, profile)
      return { copy, leftOut, needs, restored: await find(copy) }
    },
    async stop() {
      await clean()
      await cluster.stop()
    },
  }
}

/** Makes a shop, backs it up, and restores it on a server that Cutter makes. */
export async function restoreShop(given: Prepared): Promise<RestoredFixture> {
  const backedUp = await backUpShop(given)
  const servers = openRehearsalServers(aHome())
  const databases = openRehearsalDatabases({ find: async () => servers, list: async () => [servers] })
  return {
    ...backedUp,
    ...(await backedUp.restore(databases)),
    databases,
    async stop() {
      await servers.release()
      await backedUp.stop()
    },
  }
}
