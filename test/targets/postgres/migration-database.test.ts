import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stop } from '../../../src/domain/errors.ts'
import {
  type MigrationDatabase,
  openMigrationDatabase,
} from '../../../src/targets/postgres/migration-database.ts'
import type { Sql } from '../../../src/targets/target.ts'
import { type Cluster, startCluster } from '../../support/pg-cluster.ts'

let cluster: Cluster
let database: MigrationDatabase

const caller = { runId: 'mig-1', signal: new AbortController().signal }

beforeAll(async () => {
  cluster = await startCluster()
  database = openMigrationDatabase({ name: 'target shop', role: 'postgres', url: () => cluster.url() })
}, 120_000)

afterAll(() => cluster.stop())

describe('openMigrationDatabase', () => {
  test('read stops when the server assigned a transaction id', async () => {
    const read = database.read(caller, (sql) => sql.query('select pg_current_xact_id()'))
    await expect(read).rejects.toMatchObject({ facts: { code: 'STOP_MUTATION_DETECTED' } })
  })

  test('read stops when the session is terminated, because nothing was changed', async () => {
    const read = database.read(caller, (sql) => sql.query('select pg_terminate_backend(pg_backend_pid())'))
    await expect(read).rejects.toMatchObject({
      message: expect.stringContaining('target shop was lost during work that changed nothing there'),
      facts: { code: 'STOP_TARGET_UNREACHABLE' },
    })
  })

  test('a session has the settings that keep the text of values and strings of scripts portable', async () => {
    const limits = { lockTimeoutMs: 1_000, statementTimeoutMs: 1_000 }
    const { rows } = await database.session(caller, limits, (sql) =>
      sql.query(
        `select current_setting('extra_float_digits') as digits, current_setting('standard_conforming_strings') as strings`,
      ),
    )
    expect(rows).toEqual([{ digits: '1', strings: 'on' }])
  })

  test.each(['transaction', 'session', 'read'] as const)(
    'a %s that waits too long for a lock names the session in the way, and not its query',
    async (kind) => {
      const other = new pg.Client({ connectionString: cluster.url(), application_name: 'nightly report' })
      await other.connect()
      await other.query(
        "begin; create table busy (id int); commit; begin; lock table busy; select 's3cret-value'",
      )
      const { pid } = (await other.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!
      const work = (sql: Sql) => sql.query('select from public.busy')
      const limits = { lockTimeoutMs: 1_500, statementTimeoutMs: 10_000 }
      const waiting =
        kind === 'read'
          ? database.read(caller, work, limits.lockTimeoutMs)
          : database[kind](caller, limits, work)
      const stop = await waiting.then(
        () => null,
        (error: Stop) => error,
      )
      await other.query('rollback; drop table busy')
      await other.end()
      expect(stop?.facts.code).toBe('STOP_TARGET_LOCKED')
      expect(stop?.message).toMatch(
        new RegExp(
          `in the way: pid ${pid} \\(user postgres, application "nightly report", last query since 20.*Z\\)`,
        ),
      )
      expect(JSON.stringify(stop?.facts)).not.toContain('s3cret-value')
    },
  )
})
