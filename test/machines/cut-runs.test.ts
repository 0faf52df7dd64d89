import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { RunEvent } from '../../src/domain/history-entry.ts'
import { digestOf } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { verifyRun } from '../../src/engine/verify-run.ts'
import { stored } from '../machine/drive-steps.ts'
import { removeFolders } from '../store/store-folders.ts'
import { approvalFor, aWorld, INPUT, type Script, start, succeeds, type World } from './crashing-engine.ts'
import { failure, success } from './explore-chart.ts'

/** Runs of the cut chart as an operator lives them, detours included: the same engine and store, in one process. */

let world: World
afterEach(() => world.store.close())
afterAll(removeFolders)

/** A script that says otherwise once for each of these outcomes, in their order. */
function except(...outcomes: [name: string, event: RunEvent][]): Script {
  const left = [...outcomes]
  return (name) => (left[0]?.[0] === name ? left.shift()![1] : succeeds(name))
}

const begun = async (script: Script = succeeds): Promise<Run> => {
  world = aWorld(script)
  return start(world)
}
const approve = async (run: Run): Promise<Run> =>
  world.engine.resume(run.runId, { approvalId: (await approvalFor(world, run)).approvalId })
/** Continues until the run is closed: approves at gates and retries after stops. */
async function finish(run: Run): Promise<Run> {
  let now = run
  while (now.status !== 'closed') {
    now = now.status === 'paused' ? await approve(now) : await world.engine.resume(now.runId, {})
  }
  return now
}
const eventsOf = async ({ runId }: Run) =>
  (await world.store.history(runId)).map(({ event }) => event.type.replace(/^xstate\.|actor\./g, ''))

const SUCCEEDED = {
  status: 'closed',
  state: 'CLOSEOUT_REPORTED',
  outcome: 'succeeded',
  stopCode: null,
  phase: null,
}
const STRAIGHT = [
  'cutter.start',
  ...['source_pin', 'mark', 'cutplan', 'pre_write_backup', 'grant_probe'].map((phase) => `done.${phase}`),
  'after.0.cut.GRANTS_PROBED',
  'APPROVE',
  'done.recheck_cut',
  ...['cut_leg_a', 'structural_verify', 'leg_b_record', 'write_verify'].map((phase) => `done.${phase}`),
  'after.0.cut.WRITE_VERIFIED',
  'APPROVE',
  'done.recheck_lifecycle',
  'done.lifecycle_enact',
  'done.closeout',
]

describe('a cut without a fault', () => {
  test('a cut goes through all milestones to its closeout, step by step', async () => {
    const run = await finish(await begun())
    expect(run).toMatchObject(SUCCEEDED)
    expect(await eventsOf(run)).toEqual(STRAIGHT)
    expect(await verifyRun(world.parts, run.runId)).toEqual({ entries: STRAIGHT.length, replayed: true })
  })

  test('resume answers a closed run as it is and appends nothing', async () => {
    const closed = stored(await finish(await begun()))
    expect(await world.engine.resume(closed.runId, {})).toEqual(closed)
    expect(await world.engine.resume(closed.runId, { approvalId: 'ap-unknown' })).toEqual(closed)
    expect(await world.engine.cancel(closed.runId, { reason: 'late' })).toEqual(closed)
    expect(await eventsOf(closed)).toEqual(STRAIGHT)
  })

  test('a cut uses each approval at the step that leaves its gate', async () => {
    const run = await finish(await begun())
    const seqs = (await world.store.approvals(run.runId)).map(({ usedSeq }) => usedSeq)
    expect(seqs).toEqual([
      STRAIGHT.indexOf('done.recheck_cut') + 1,
      STRAIGHT.indexOf('done.recheck_lifecycle') + 1,
    ])
  })

  test('start makes one run for one key', async () => {
    world = aWorld(succeeds)
    const first = stored(await world.engine.start('cut', INPUT, { mode: 'dry-run', key: 'nightly' }))
    expect(await world.engine.start('cut', INPUT, { mode: 'dry-run', key: 'nightly' })).toEqual(first)
    const other = world.engine.start(
      'cut',
      { ...INPUT, document: 'OTHER' },
      { mode: 'dry-run', key: 'nightly' },
    )
    await expect(other).rejects.toMatchObject({ code: 'KEY_REUSED' })
    expect(await world.store.list({ limit: 9 })).toHaveLength(1)
  })
})

describe('a phase that fails', () => {
  const phases = STRAIGHT.flatMap((event) => /^done\.(?!recheck)(.+)$/.exec(event)?.[1] ?? [])

  test.each(phases)(
    'a failed %s stops the run at its milestone, and resume continues there',
    async (phase) => {
      let run = await begun(except([phase, failure(phase)]))
      while (run.status === 'paused') run = await approve(run)
      expect(run).toMatchObject({
        status: 'stopped',
        phase,
        stopCode: 'STOP_TARGET_UNREACHABLE',
        stop: { message: `${phase} found no server` },
      })
      const done = await finish(run)
      expect(done).toMatchObject({ ...SUCCEEDED, stop: null })
      const detour = [`error.${phase}`, 'RETRY', `done.${phase}`]
      expect(await eventsOf(done)).toEqual(
        STRAIGHT.flatMap((event) => (event === `done.${phase}` ? detour : [event])),
      )
      expect((await world.store.approvals(run.runId)).map(({ usedSeq }) => usedSeq !== null)).toEqual([
        true,
        true,
      ])
      await verifyRun(world.parts, run.runId)
    },
  )

  test('a phase may fail repeatedly, and its run can be cancelled in that state', async () => {
    const stopped = await begun(
      except(['mark', failure('mark')], ['mark', failure('mark')], ['mark', failure('mark')]),
    )
    for (let time = 0; time < 2; time++) {
      expect(await world.engine.resume(stopped.runId, {})).toMatchObject({
        status: 'stopped',
        state: 'SOURCE_PINNED',
      })
    }
    const cancelled = await world.engine.cancel(stopped.runId, { reason: 'no' })
    expect(cancelled).toMatchObject({
      status: 'closed',
      state: 'SOURCE_PINNED',
      outcome: 'cancelled',
      stopCode: null,
    })
    expect(await world.store.effects(stopped.runId)).toEqual([])
  })
})

describe.each([
  ['SG1', 'recheck_cut', 'AWAITING_CUT_AUTHORIZATION'],
  ['SG2', 'recheck_lifecycle', 'AWAITING_LIFECYCLE_AUTHORIZATION'],
] as const)('at gate %s', (gate, recheck, state) => {
  const atGate = async (script: Script = succeeds) => {
    const run = await begun(script)
    return gate === 'SG1' ? run : approve(run)
  }
  const waits = { status: 'paused', state, gate, stopCode: 'STOP_APPROVAL_REQUIRED' }

  test('a run at a gate continues only under an approval', async () => {
    const run = await atGate()
    await expect(world.engine.resume(run.runId, {})).rejects.toMatchObject({ code: 'APPROVAL_REQUIRED' })
    expect(await world.store.run(run.runId)).toEqual(stored(run))
  })

  test('a recheck that finds another plan makes the run wait again, and the earlier approval does not count', async () => {
    const other = digestOf('a plan for another world')
    const run = await atGate(except([recheck, success(recheck, { planDigest: other })]))
    const old = await approvalFor(world, run)
    await expect(world.engine.resume(run.runId, { approvalId: old.approvalId })).rejects.toMatchObject({
      code: 'APPROVAL_REFUSED',
      data: { reason: 'DRIFT' },
    })
    const waiting = (await world.store.run(run.runId))!
    expect(waiting).toMatchObject({ ...waits, planDigest: other, gateSeq: run.seq + 2 })
    expect((await world.store.approval(old.approvalId))?.usedSeq).toBeNull()
    await expect(world.engine.resume(run.runId, { approvalId: old.approvalId })).rejects.toMatchObject({
      code: 'APPROVAL_REFUSED',
      data: { reason: 'OTHER_ARRIVAL' },
    })
    await verifyRun(world.parts, run.runId)
  })

  test('a recheck that fails keeps the approval valid', async () => {
    const run = await atGate(except([recheck, failure(recheck)]))
    const { approvalId } = await approvalFor(world, run)
    await expect(world.engine.resume(run.runId, { approvalId })).rejects.toMatchObject({
      code: 'APPROVAL_REFUSED',
      data: { reason: 'WORLD_NOT_CHECKED' },
    })
    const again = (await world.store.run(run.runId))!
    expect(again).toMatchObject({ ...waits, gateSeq: run.gateSeq, gateHead: run.gateHead })
    const gone = await world.engine.resume(run.runId, { approvalId })
    expect(gone.state).not.toBe(state)
    expect((await world.store.approval(approvalId))?.usedSeq).not.toBeNull()
  })

  test.each([
    ['reject', 'rejected'],
    ['void', 'voided'],
  ] as const)('%s closes the run as %s at its milestone and is used up', async (decision, outcome) => {
    const run = await atGate()
    const { approvalId } = await approvalFor(world, run, decision)
    const closed = await world.engine.resume(run.runId, { approvalId })
    expect(closed).toMatchObject({ status: 'closed', state, outcome, gate: null, stopCode: null })
    expect((await world.store.approval(approvalId))?.usedSeq).toBe(closed.seq)
    await verifyRun(world.parts, run.runId)
  })

  test('cancel closes a run at a gate and uses no approval', async () => {
    const run = await atGate()
    const { approvalId } = await approvalFor(world, run)
    const closed = await world.engine.cancel(run.runId, { reason: 'no longer needed' })
    expect(closed).toMatchObject({ status: 'closed', state, outcome: 'cancelled' })
    expect((await world.store.approval(approvalId))?.usedSeq).toBeNull()
  })

  test('of two concurrent approvals one passes, once', async () => {
    const run = await atGate()
    const approvals = [await approvalFor(world, run), await approvalFor(world, run)]
    const results = await Promise.allSettled(
      approvals.map(({ approvalId }) => world.engine.resume(run.runId, { approvalId })),
    )
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'RUN_HELD' },
    })
    const used = (await world.store.approvals(run.runId)).filter(({ statement }) => statement.gate === gate)
    expect(used.filter(({ usedSeq }) => usedSeq !== null)).toHaveLength(1)
    const events = await eventsOf(run)
    expect(events.filter((event) => event === `done.${recheck}`)).toHaveLength(1)
  })
})
