import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EffectContext } from '../../../src/domain/effect.ts'
import { CutterError } from '../../../src/domain/errors.ts'
import type { Json } from '../../../src/domain/json.ts'
import { lockAndProbe, writeCommitNote } from '../../../src/effects/migrate/commit-probe.ts'
import { openMigrationDatabase } from '../../../src/targets/postgres/migration-database.ts'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, startCluster } from '../../support/pg-cluster.ts'
import { CONTEXT, LIMITS } from './restored-fixture.ts'

/** A migration that waited for the lock of migrations, while another process took its run over. */

const KEY = `pg_catalog.hashtextextended('cutter/migrate', 0)`

let cluster: Cluster
let other: pg.Client
beforeAll(async () => {
  cluster = await startCluster()
  other = await connectClient(cluster.url())
})
afterAll(async () => {
  await other?.end()
  await cluster?.stop()
})

const database = () =>
  openMigrationDatabase({ name: 'target shop', role: 'migrator', url: () => cluster.url() })

/** A process of the run, with the notes on its disk and the times that it asked for its claim. */
function aProcess(assertClaimed = async () => {}) {
  const notes = new Map<string, Json>()
  const asked: string[] = []
  const deps = {
    commitNotes: {
      read: (_runId: string, name: string) => notes.get(name) ?? null,
      write: (_runId: string, name: string, note: Json) => void notes.set(name, note),
    },
  }
  const context: EffectContext = Object.create(CONTEXT, {
    assertClaimed: {
      value: async () => {
        asked.push('claim')
        await assertClaimed()
      },
    },
  })
  const migrate = () =>
    database().transaction(context, LIMITS, async (sql) => {
      const earlier = await lockAndProbe(deps as never, context, 'apply', sql)
      if (earlier !== null) return earlier
      const { rows } = await sql.query<{ id: string }>('select pg_current_xact_id()::text as id')
      await sql.query('create table public.migrated ()')
      await writeCommitNote(deps as never, context, 'apply', sql, {
        transactionId: rows[0]!.id,
        what: 'done',
      })
      expect(await isFree()).toBe(false)
      return 'now'
    })
  return { migrate, asked }
}

async function isFree(): Promise<boolean> {
  const { rows } = await other.query<{ taken: boolean }>(`select pg_try_advisory_lock(${KEY}) as taken`)
  if (rows[0]!.taken) await other.query(`select pg_advisory_unlock(${KEY})`)
  return rows[0]!.taken
}

const waiting = async () =>
  (await other.query(`select from pg_stat_activity where wait_event = 'advisory'`)).rowCount ?? 0

describe('a migration behind the lock', () => {
  test('asks for its claim only when the lock is granted, and writes nothing when it was lost meanwhile', async () => {
    const lost = new CutterError('RUN_HELD', 'this process has lost its claim')
    const { migrate, asked } = aProcess(async () => {
      throw lost
    })
    await other.query(`select pg_advisory_lock(${KEY})`)
    // It may end before the answer to the unlock is here.
    const refused = expect(migrate()).rejects.toBe(lost)
    await expect.poll(waiting).toBe(1)
    expect(asked).toEqual([])
    await other.query(`select pg_advisory_unlock(${KEY})`)
    await refused
    expect(asked).toEqual(['claim'])
    expect((await other.query(`select to_regclass('public.migrated') as made`)).rows).toEqual([
      { made: null },
    ])
    expect(await isFree()).toBe(true)
  })

  test('holds the lock through its commit, and a second attempt finds the commit instead of doing it again', async () => {
    const { migrate, asked } = aProcess()
    expect(await migrate()).toBe('now')
    expect(await isFree()).toBe(true)
    expect(await migrate()).toBe('done')
    expect(asked).toHaveLength(2)
  })
})
