import type pg from 'pg'
import type { EffectContext } from '../../../src/domain/effect.ts'
import {
  type DatabaseContents,
  readDatabaseContents,
} from '../../../src/effects/migrate/database-contents.ts'
import { readDatabaseProfile } from '../../../src/effects/migrate/database-profile.ts'
import { readCatalogue } from '../../../src/effects/migrate/read-catalogue.ts'
import type { Catalogue } from '../../../src/migration/catalogue.ts'
import { openRehearsalServers } from '../../../src/targets/embedded/rehearsal-servers.ts'
import { openDatabaseDumps } from '../../../src/targets/postgres/database-dumps.ts'
import {
  type MigrationDatabase,
  openMigrationDatabase,
} from '../../../src/targets/postgres/migration-database.ts'
import {
  type MigrationRehearsalDatabases,
  openRehearsalDatabases,
} from '../../../src/targets/postgres/rehearsal-databases.ts'
import type { LeftOut } from '../../../src/targets/postgres/restore-dump.ts'
import { openTools } from '../../../src/tools/open-tools.ts'
import { connectClient } from '../../support/connections.ts'
import { startCluster } from '../../support/pg-cluster.ts'
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

/** A database `shop` of one server, and its backup restored on a server for rehearsals. */
export interface RestoredFixture {
  databases: MigrationRehearsalDatabases
  /** The database that was backed up. */
  target: MigrationDatabase
  /** As the role that restored it. */
  copy: MigrationDatabase
  leftOut: LeftOut[]
  source: Found
  restored: Found
  stop(): Promise<void>
}

/**
 * @param given.prepare makes the roles, and the objects of the database
 * @param given.login the role that backs the database up
 */
export async function restoreShop(given: {
  prepare(maker: pg.Client, connect: () => Promise<pg.Client>): Promise<void>
  login?: string
}): Promise<RestoredFixture> {
  const { login = 'postgres' } = given
  const cluster = await startCluster()
  const maker = await connectClient(cluster.url())
  await maker.query('create database shop')
  const shop = await connectClient(cluster.url('shop'))
  await given.prepare(maker, async () => shop)
  await Promise.all([maker.end(), shop.end()])
  const { home, stateDirectory } = aHome()
  const servers = openRehearsalServers({ home, stateDirectory })
  const databases = openRehearsalDatabases({ find: async () => servers, list: async () => [servers] })
  const dumps = openDatabaseDumps(home, openTools({}))
  const target = openMigrationDatabase({ name: 'shop', role: login, url: () => cluster.url('shop', login) })
  const { dump, profile } = await target.read(CONTEXT, async (sql) => {
    const { rows } = await sql.query<{ id: string }>('select pg_export_snapshot() as id')
    const options = { name: 'before', snapshot: rows[0]!.id, serverMajor: 15, lockTimeoutMs: 10_000 }
    return { dump: await dumps.take(CONTEXT, target, options), profile: await readDatabaseProfile(sql) }
  })
  const facts = { runId: 'mig-1', target: 'shop', source: { systemIdentifier: '1', database: 'shop' } }
  const copy = await databases.create({ ...REF, ...facts, madeAt: '' }, profile)
  const leftOut = await dumps.restore(CONTEXT, dump, copy, { searchPath: '"$user", public', deviations: [] })
  await databases.seal(REF, profile)
  const find = (database: MigrationDatabase) =>
    database.read(CONTEXT, async (sql) => ({
      contents: await readDatabaseContents(sql, database, () => undefined),
      catalogue: await readCatalogue(sql),
    }))
  return {
    databases,
    target,
    copy,
    leftOut,
    source: await find(target),
    restored: await find(copy),
    async stop() {
      await servers.release()
      await clean()
      await cluster.stop()
    },
  }
}
