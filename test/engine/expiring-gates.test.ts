import { afterEach, expect, test } from 'vitest'
import { jsonEvidence } from '../../src/domain/evidence.ts'
import { explain } from '../../src/engine/explain.ts'
import { findGateExpiry } from '../../src/engine/gate-expiry.ts'
import { rehearseApproval } from '../../src/engine/manage-approvals.ts'
import { verifyRun } from '../../src/engine/verify-run.ts'
import { chart, effectState, gated, stopState, success, work } from '../../src/machine/chart.ts'
import { closed, effect } from '../../src/machine/define.ts'
import { findChartFaults } from '../../src/machine/validate-chart.ts'
import { theRun, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'
import { worldOf } from './one-effect-world.ts'

/** A gate that expires by a timer of its chart: an approval that comes later finds the run closed. */

afterEach(removeFolders)

const PLAN = jsonEvidence('plan/SG1', { adds: 1 })
const waiting = gated('SG1', { recheck: 'job', work: 'job', next: 'END' })
const logic = chart({
  A: work('job', 'B'),
  B: {
    ...waiting,
    states: {
      ...waiting.states,
      waiting: { ...waiting.states.waiting, after: { 5000: '#EXPIRED' } },
    },
  },
  END: success,
  EXPIRED: { type: 'final', meta: closed('voided') },
})

/** A world whose effect plans, and a run at its gate. Each reading of the clock moves it by 10 milliseconds. */
async function aWaitingRun(): Promise<World> {
  const world = worldOf(logic, async () => ({ planDigest: PLAN.digest }))
  const { installed } = world.parts
  world.parts.installed = async (name, run) => {
    const found = await installed(name, run)
    const job = found.effects.job!
    const execute = async () => ({ output: { planDigest: PLAN.digest }, evidence: [PLAN] })
    return { ...found, effects: { job: { ...job, execute } as never } }
  }
  expect(await world.engine.start('tried', {}, { mode: 'dry-run' })).toMatchObject({ gate: 'SG1' })
  return world
}
const wait = ({ parts }: World) => {
  for (let times = 0; times < 600; times++) parts.clock.now()
}
const approve = async ({ parts }: World, runId: string) =>
  rehearseApproval(parts, runId, { as: 'alice', decision: 'approve', reason: 'read' })

test('the chart of these tests has no fault', () => {
  expect(findChartFaults(logic.provide({ actors: { job: effect() } }), ['job'])).toEqual([])
})

test('a run shows when its gate expires, and nothing once it is closed', async () => {
  const world = await aWaitingRun()
  const run = await theRun(world)
  const [timer] = await world.store.timers(run.runId)
  expect(await findGateExpiry(world.store, run)).toBe(timer!.dueAt)
  expect((await explain(world.parts, run.runId)).waitsFor.expiresAt).toBe(timer!.dueAt)
  const closed = await world.engine.cancel(run.runId, { reason: 'late' })
  expect(await findGateExpiry(world.store, closed)).toBeNull()
})

test('a gate that has not expired takes an approval', async () => {
  const world = await aWaitingRun()
  const { runId } = await theRun(world)
  const { approvalId } = await approve(world, runId)
  expect(await world.engine.resume(runId, { approvalId })).toMatchObject({ outcome: 'succeeded' })
  expect(await world.store.timers(runId)).toEqual([])
})

test.each(['with an approval', 'without an approval'])(
  'resume %s closes a run whose gate expired while no process was there',
  async (how) => {
    const before = await aWaitingRun()
    const { runId } = await theRun(before)
    const { approvalId } = await approve(before, runId)
    const { installed } = before.parts
    const world = await before.reopen()
    world.parts.installed = installed
    wait(world)
    const given = how === 'with an approval' ? { approvalId } : {}
    expect(await world.engine.resume(runId, given)).toMatchObject({ status: 'closed', outcome: 'voided' })
    expect(await world.store.approval(approvalId)).toMatchObject({ usedSeq: null })
    expect(await verifyRun(world.parts, runId)).toMatchObject({ replayed: true })
  },
)

test('a timer ends a read that was interrupted, and the read is not repeated', async () => {
  let reads = 0
  const timed = chart({
    A: {
      initial: 'working',
      states: {
        working: { ...effectState('job', '#END'), after: { 5000: '#EXPIRED' } },
        stopped: stopState(),
      },
    },
    END: success,
    EXPIRED: { type: 'final', meta: closed('failed') },
  })
  const before = worldOf(timed, async () => {
    reads += 1
    return new Promise<never>(() => {})
  })
  before.engine.start('tried', {}, { mode: 'dry-run' }).catch(() => {})
  await expect.poll(() => reads).toBe(1)
  const { runId } = await theRun(before)
  const world = await before.reopen()
  wait(world)
  expect(await world.engine.resume(runId, {})).toMatchObject({ outcome: 'failed' })
  expect(reads).toBe(1)
})
