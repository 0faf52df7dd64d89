import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openMigrationDatabase } from '../../../src/targets/postgres/migration-database.ts'
import { openTarget } from '../../../src/targets/postgres/open-target.ts'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, startCluster } from '../../support/pg-cluster.ts'
import { findPoolerObstacle, type Pooler, startPooler } from '../../support/pooler.ts'

/** A server behind pgbouncer, which gives its sessions to one client after the other. */

const skipped = findPoolerObstacle()
if (skipped !== null) console.info(`skipped: servers behind a pooler: ${skipped}`)

const CALLER = {
  runId: 'mig-1',
  signal: new AbortController().signal,
  token: { run: 'mig-1', seq: 1, attempt: 1 },
}
const LIMITS = { lockTimeoutMs: 1_000, statementTimeoutMs: 1_000 }

describe.skipIf(skipped !== null).for(['transaction', 'session'] as const)(
  'behind a pooler in %s mode',
  (mode) => {
    let cluster: Cluster
    let pooler: Pooler | undefined
    let pooled: string

    beforeAll(async () => {
      cluster = await startCluster()
      pooler = await startPooler({ port: cluster.port, mode, sessions: 1, roles: ['postgres'] })
      pooled = pooler.pooled(cluster.url())
    }, 60_000)

    afterAll(async () => {
      pooler?.stop()
      await cluster.stop()
    })

    const settings = `select name, setting from pg_settings where source = 'session' and name not in ('application_name', 'client_encoding')
    order by name`
    const refused = {
      code: 'TARGET_REFUSED',
      message: expect.stringContaining('is a connection pooler'),
    }

    test('no session sets anything, and the application works as before', async () => {
      const application = await connectClient(pooled)
      await application.query('create table if not exists unit (id int)')
      const before = (await application.query(settings)).rows
      await application.end()
      const database = openMigrationDatabase({ name: 'shop', role: 'postgres', url: () => pooled })
      const target = openTarget({
        name: 'shop',
        url: () => pooled,
        expectedGrantMatrixDigest: '',
        toPrepare: '',
      })
      const asked = async () => 'asked'
      for (const attempt of [
        () => database.read(CALLER, asked),
        () => database.transaction(CALLER, LIMITS, asked),
        () => database.session(CALLER, LIMITS, asked),
        () => target.read('reader', CALLER, asked),
        () => target.write('executor', CALLER, asked),
        () => target.rehearse('executor', CALLER, asked),
      ])
        await expect(attempt()).rejects.toMatchObject(refused)
      const later = await connectClient(pooled)
      expect((await later.query(settings)).rows).toEqual(before)
      await later.query('insert into unit values (1)')
      await later.end()
    })
  },
)
