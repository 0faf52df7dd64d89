import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRunStore } from '../../../src/store/postgres/open-run-store.ts'
import { serverOf } from '../../support/pg-cluster.ts'
import { findPoolerObstacle } from '../../support/pooler.ts'
import { describeRunStore } from '../conformance/describe-run-store.ts'
import { firstStep, mine, stepAfter } from '../step-fixture.ts'
import { type StoreDatabase, type StoreServer, startPooledStoreServer } from './store-database.ts'

/** The store through pgbouncer in transaction mode: nothing that a session keeps can be relied upon. */

const skipped =
  findPoolerObstacle() ?? (serverOf(15) === null ? 'npm has no PostgreSQL for this platform' : null)
if (skipped !== null) console.info(`skipped: stores behind a pooler: ${skipped}`)

describe.skipIf(skipped !== null)('behind pgbouncer', () => {
  let server: StoreServer
  let database: StoreDatabase
  beforeAll(async () => {
    server = await startPooledStoreServer(15)
    database = await server.aDatabase()
  })
  afterAll(() => server?.close())

  const open = async () => {
    await database.empty()
    return openRunStore(database.options)
  }
  describeRunStore('PostgreSQL 15 through pgbouncer', open)

  test('several hosts save and read at once, each transaction in another session, and leave no setting in one', async () => {
    await database.empty()
    const hosts = Array.from({ length: 3 }, () => openRunStore(database.options))
    const settings = `select count(*)::integer as n from pg_settings
      where source = 'session' and name not in ('application_name', 'client_encoding')`
    try {
      let runs = await Promise.all(
        Array.from({ length: 24 }, async (_, n) => {
          const start = firstStep()
          await hosts[n % 3]!.create(start, mine)
          return start.run
        }),
      )
      for (let round = 0; round < 5; round += 1) {
        const steps = runs.map((run) => stepAfter(run))
        const saves = steps.map((step, n) =>
          hosts[(n + round) % 3]!.advance(step, mine, { mayBeLost: n % 2 === 0 }),
        )
        const reads = runs.map((run, n) => hosts[n % 3]!.resumableRun(run.runId))
        await Promise.all([...saves, ...reads])
        runs = steps.map(({ run }) => run)
      }
      const stored = await Promise.all(runs.map(({ runId }, n) => hosts[n % 3]!.run(runId)))
      expect(stored).toEqual(runs)
      for (let session = 0; session < 3; session += 1) {
        const client = await database.options.connect()
        expect((await client.query(settings)).rows).toEqual([{ n: 0 }])
        await client.end()
      }
      const direct = await database.asSuperuser(
        `select count(*)::integer as locks from pg_locks where locktype = 'advisory'`,
      )
      expect(direct.rows).toEqual([{ locks: 0 }])
    } finally {
      await Promise.all(hosts.map((host) => host.close()))
    }
  })
})
