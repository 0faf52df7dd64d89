import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApprovalJson, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { aSigner, historyOf, resume } from '../support/cli-steps.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import { skipWithoutPgDump } from '../support/shop-migration.ts'
import { buildCrashing, describeEnding, type Running } from './crash-harness.ts'
import { expectHeld, hideOwner, suspendAt, wake } from './suspended.ts'

/** Processes that are suspended (SIGSTOP) in the write of a teardown, before it and when it is done, and wake when the run is closed. */

const CAROL = 'carol@example.org'
const skipped = skipWithoutPgDump('a suspended teardown runs')

describe.skipIf(skipped !== null)('a teardown whose processes are suspended', { timeout: 900_000 }, () => {
  let home: ShopHome
  let at: CutterHome
  let crashing: string
  let key: string
  beforeAll(async () => {
    home = await startShopHome('torn')
    at = home.at
    key = aSigner(at, CAROL, 'cutter.teardown.SG1')
    crashing = await buildCrashing(at)
    await home.createShop()
  }, 300_000)
  afterAll(async () => {
    await home?.stop()
  }, 300_000)

  const databases = async () =>
    jsonOf<{ runId: string }[]>(await at.cutter(['rehearsal', 'list', '--json'])).map(({ runId }) => runId)

  test('removes its databases once, and nothing of others when they wake', async () => {
    const { runId: closed } = await home.startMigration()
    await at.cutter(['run', 'cancel', closed, '--reason', 'a test'])
    const { runId } = jsonOf<RunJson>(await at.cutter(['rehearsal', 'remove', closed, '--json']))
    const how = ['--as', CAROL, '--key', key, '--json']
    const { approvalId } = jsonOf<ApprovalJson>(await at.cutter(['approval', 'sign', runId, ...how]))
    expect(await databases()).toEqual([closed])

    let args = ['run', 'resume', '--approval', approvalId, '--json']
    const asleep: Running[] = []
    for (const point of ['before', 'done']) {
      const stale = await suspendAt(at, crashing, args, `copies_remove:${point}`)
      if (!('process' in stale)) throw new Error(`it should have stopped: ${describeEnding(stale)}`)
      asleep.push(stale)
      await expectHeld(at, runId, stale)
      await hideOwner(at, runId)
      args = ['run', 'resume', runId, '--json']
    }
    expect(jsonOf(await resume(at, runId))).toMatchObject({ outcome: 'succeeded', output: { removed: 1 } })
    const history = await historyOf(at, runId)
    const { runId: other } = await home.startMigration()
    expect(await databases()).toEqual([other])

    for (const stale of asleep) {
      const ending = await wake(stale)
      expect(ending, describeEnding(ending)).toMatchObject({ code: 3, signal: null })
    }
    expect(await databases()).toEqual([other])
    expect(await historyOf(at, runId)).toEqual(history)
    expect(jsonOf(await at.cutter(['run', 'show', other, '--json']))).toMatchObject({ gate: 'SG1' })
  })
})
