import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EffectContext } from '../../../src/domain/effect.ts'
import type { CheckReach } from '../../../src/effects/migrate/check-reach.ts'
import { qualifyChecks } from '../../../src/effects/migrate/qualify-checks.ts'
import {
  type MigrationDatabase,
  openMigrationDatabase,
} from '../../../src/targets/postgres/migration-database.ts'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, serverOf, startCluster } from '../../support/pg-cluster.ts'
import { ATTEMPT_OBJECTS, ATTEMPTS, HARMLESS_CHECKS, NAMED_ATTEMPTS } from './check-attempts.ts'

const CONTEXT = { runId: 'mig-1', signal: new AbortController().signal } as EffectContext
const LIMITS = { lockTimeoutMs: 2_000, statementTimeoutMs: 30_000 }

const majors = ([14, 15, 18] as const).filter((major) => serverOf(major) !== null)

describe.each(majors)('checks on PostgreSQL %i', (major) => {
  let cluster: Cluster
  let database: MigrationDatabase

  beforeAll(async () => {
    cluster = await startCluster(serverOf(major))
    const maker = await connectClient(cluster.url())
    await maker.query(
      'create role app login; create schema app authorization app; grant temporary on database postgres to app',
    )
    await maker.end()
    const app = await connectClient(cluster.url('postgres', 'app'))
    await app.query(ATTEMPT_OBJECTS)
    await app.end()
    database = openMigrationDatabase({ name: 'copy', role: 'app', url: () => cluster.url('postgres', 'app') })
  }, 60_000)
  afterAll(() => cluster.stop())

  const reachOf = async (sql: string, named: string[] = []): Promise<CheckReach> =>
    (await qualifyChecks(database, CONTEXT, LIMITS, { texts: [sql], named }))[0]!

  test.for(ATTEMPTS)('a check that $name does not qualify', async ({ sql, refused }) => {
    const reach = await reachOf(sql)
    expect(
      reach.refused.filter((reason) => refused.test(reason)),
      reach.refused.join('\n'),
    ).not.toEqual([])
  })

  test.for(NAMED_ATTEMPTS)(
    '$call does not qualify although it is named',
    async ({ call, names, refused }) => {
      const reach = await reachOf(`select 'f' as name, ${call} as ok`, names)
      expect(
        reach.refused.filter((reason) => refused.test(reason)),
        reach.refused.join('\n'),
      ).not.toEqual([])
    },
  )

  test.for(HARMLESS_CHECKS)('a check that $name qualifies', async ({ sql, names, reads, functions = [] }) => {
    expect(await reachOf(sql, names)).toEqual({ refused: [], functions, reads })
  })

  test('nothing of the views remains', async () => {
    const client = await connectClient(cluster.url())
    const { rows } = await client.query(`select relname from pg_class where relname like 'cutter%'`)
    await client.end()
    expect(rows).toEqual([])
  })
})
