import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { openRunStore } from '../../../src/store/postgres/open-run-store.ts'
import type { RunStore } from '../../../src/store/run-store.ts'
import { serverOf } from '../../support/pg-cluster.ts'
import { asAdmin, type Standby, startStandby, waitForStandby } from '../../support/standby.ts'
import { anApproval, firstStep, mine, stepAfter } from '../step-fixture.ts'
import { connecting, type StoreDatabase, type StoreServer, startStoreServer } from './store-database.ts'

/** A store whose server has a synchronous standby: what was acknowledged survives the server, and nothing else counts as saved. */

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

let server: StoreServer | null = null
let standby: Standby
let database: StoreDatabase
let store: RunStore
/** The server to which the store’s URL leads. */
let place: { url(database?: string, user?: string): string }

beforeEach(async () => {
  server = await startStoreServer(18)
  database = await server.aDatabase()
  place = server
  const connect = () => connecting(place.url(database.name, 'store_service'))()
  store = openRunStore({ ...database.options, connect })
  await store.run('nobody')
  standby = await startStandby(server, serverOf(18))
  await waitForStandby(server, true)
})
afterEach(async () => {
  await store.close()
  await standby.stop()
  await server?.close()
  server = null
})
afterAll(() => server?.close())

const failOver = async () => {
  await server!.stop()
  server = null
  await standby.promote()
  place = standby
}

describe('a failover to a synchronous standby', () => {
  test('in the middle of gates loses no acknowledged step and no use of an approval', async () => {
    const runs = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const step = firstStep()
        await store.create(step, mine)
        return step.run
      }),
    )
    const gated = firstStep()
    await store.create(gated, mine)
    const approval = anApproval(gated.run)
    await store.saveApproval(approval)
    const passed = stepAfter(gated.run, { approvalUsed: approval.approvalId })
    await store.advance(passed, mine)

    let isOver = false
    const acknowledged = new Map<string, string[]>()
    const work = runs.map(async (started) => {
      const heads = [started.head]
      acknowledged.set(started.runId, heads)
      let current: Run = started
      for (let after = 0; after < 3; ) {
        const step = stepAfter(current)
        const isSaved = await store.advance(step, mine).then(
          () => true,
          () => false,
        )
        if (isSaved) heads.push(step.entry.hash)
        // What is there decides about a step that was not acknowledged.
        const found = await store.run(started.runId).catch(() => null)
        if (found !== null) current = found
        if (isSaved && isOver) after += 1
      }
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    await failOver()
    isOver = true
    await Promise.all(work)

    for (const [runId, heads] of acknowledged) {
      const history = await store.history(runId)
      expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1))
      const saved = history.map(({ hash }) => hash)
      expect(heads.filter((head) => !saved.includes(head))).toEqual([])
      expect(heads.length).toBeGreaterThan(4)
    }
    expect(await store.run(gated.run.runId)).toEqual(passed.run)
    const again = stepAfter(passed.run, { approvalUsed: approval.approvalId })
    await expect(store.advance(again, mine)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  })
})

describe('a commit whose wait for the standby is broken off', () => {
  test.each([
    ['cancels it', 'pg_cancel_backend'],
    ['ends its session', 'pg_terminate_backend'],
  ])('by an administrator who %s is acknowledged when the standby has it, and not before', async (_, end) => {
    const start = firstStep()
    await store.create(start, mine)
    await standby.disconnect()
    const step = stepAfter(start.run)
    let isAcknowledged = false
    const saving = store.advance(step, mine).then(() => {
      isAcknowledged = true
    })
    const broken = `select ${end}(pid) from pg_stat_activity where wait_event = 'SyncRep'`
    await expect.poll(async () => (await asAdmin(server!.url(), broken)).rowCount).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(isAcknowledged).toBe(false)
    await standby.reconnect()
    await saving
    await failOver()
    expect(await store.run(start.run.runId)).toEqual(step.run)
  })
})
