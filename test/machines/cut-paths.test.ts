import { afterAll, describe, expect, test } from 'vitest'
import { type AnyMachineSnapshot, getNextTransitions } from 'xstate'
import { getSimplePaths } from 'xstate/graph'
import { cutLogic } from '../../machines/cut.ts'
import type { RunEvent } from '../../src/domain/history-entry.ts'
import type { Run } from '../../src/domain/run.ts'
import { verifyRun } from '../../src/engine/verify-run.ts'
import { eventStep } from '../../src/machine/transition.ts'
import { cutMachine, factsOf, firstOf } from '../machine/drive-steps.ts'
import { removeFolders } from '../store/store-folders.ts'
import { approvalFor, aWorld, Died, INPUT, start, theRun, type World } from './crashing-engine.ts'
import { eventsOf, keyOf, nodesOf } from './explore-chart.ts'

afterAll(removeFolders)

const MILESTONES = [
  'PENDING',
  'SOURCE_PINNED',
  'MARKED',
  'CUTPLAN_OK',
  'PRE_WRITE_BACKUP_TAKEN',
  'GRANTS_PROBED',
  'AWAITING_CUT_AUTHORIZATION',
  'CUT_LEG_A_COMMITTED',
  'STRUCTURAL_VERIFIED',
  'LEG_B_RECORDED',
  'WRITE_VERIFIED',
  'AWAITING_LIFECYCLE_AUTHORIZATION',
  'LIFECYCLE_ENACTED',
  'CLOSEOUT_REPORTED',
]
const PHASES = [
  'source_pin',
  'mark',
  'cutplan',
  'pre_write_backup',
  'grant_probe',
  'cut_leg_a',
  'structural_verify',
  'leg_b_record',
  'write_verify',
  'lifecycle_enact',
  'closeout',
]

interface Way {
  events: RunEvent[]
  /** The chart's own state after the start and after each event. */
  snapshots: AnyMachineSnapshot[]
}

/** Every simple path of the chart: each begins at the start and meets no state twice. */
const ways: Way[] = getSimplePaths(cutLogic, {
  input: { runId: 'r', mode: 'dry-run', input: INPUT },
  events: ((snapshot: AnyMachineSnapshot) => eventsOf(snapshot)) as never,
  serializeState: (snapshot) => keyOf(snapshot as AnyMachineSnapshot),
}).map(({ steps }) => ({
  events: steps.slice(1).map(({ event }) => event as RunEvent),
  snapshots: steps.map(({ state }) => state as AnyMachineSnapshot),
}))

/** What each milestone leads to, and by which phase; ends that are no milestones don't count. */
const edges = (() => {
  const found = new Map<string, string>()
  for (const { events } of ways) {
    let run = firstOf(cutMachine).run
    for (const event of events) {
      const { run: after } = eventStep(cutMachine, run, event, factsOf(event))
      if (after.state !== run.state) found.set(`${run.state} → ${after.state}`, run.phase ?? '')
      run = after
    }
  }
  return found
})()

describe('the cut chart', () => {
  const top = Object.values(cutLogic.root.states)
  const milestones = top.filter(({ meta }) => meta?.closed === undefined || meta.closed === 'succeeded')

  test('the cut chart has fourteen milestones', () => {
    expect(milestones.map(({ key }) => key)).toEqual(MILESTONES)
  })

  test('the cut chart has eleven phases, each from one milestone to the next, and two rechecks', () => {
    expect([...edges.values()].filter((phase) => phase !== '')).toEqual(PHASES)
    const invoked = nodesOf(cutLogic).flatMap(({ invoke }) => invoke.map(({ src }) => src))
    expect(invoked.filter((src) => !PHASES.includes(src as string))).toEqual([
      'recheck_cut',
      'recheck_lifecycle',
    ])
  })

  test('the cut chart has thirteen edges between its milestones, all forward', () => {
    expect([...edges.keys()]).toEqual(MILESTONES.slice(1).map((to, index) => `${MILESTONES[index]} → ${to}`))
    expect(edges.size).toBe(13)
  })

  test('the cut chart has three ends that are not milestones', () => {
    const others = top.filter((node) => !milestones.includes(node))
    expect(others.map(({ key, meta }) => [key, meta?.closed])).toEqual([
      ['REJECTED', 'rejected'],
      ['VOIDED', 'voided'],
      ['CANCELLED', 'cancelled'],
    ])
  })

  test('the cut chart has 61 simple paths that use every transition which does not lead back', () => {
    expect(ways).toHaveLength(61)
    const used = new Set(
      ways.flatMap(({ events, snapshots }) => events.map((e, n) => `${keyOf(snapshots[n]!)} ${e.type}`)),
    )
    const all = new Set(
      ways.flatMap(({ snapshots }) =>
        snapshots
          .filter(({ status }) => status === 'active')
          .flatMap((snapshot) =>
            getNextTransitions(snapshot).map(({ eventType }) => `${keyOf(snapshot)} ${eventType}`),
          ),
      ),
    )
    const unused = [...all]
      .filter((transition) => !used.has(transition))
      .map((transition) => transition.split(' ')[1])
    const back = new Set(['RETRY', 'xstate.error.actor.recheck_cut', 'xstate.error.actor.recheck_lifecycle'])
    expect(new Set(unused)).toEqual(back)
  })
})

/** The status and gate that a run must have in a state of the chart. */
function standingAt({ value, children }: AnyMachineSnapshot, before: Run | null): Partial<Run> {
  const leaf = keyOf({ value }).replace(/[{}"]/g, '').split(':').at(-1)!
  const [top] = typeof value === 'string' ? [value] : Object.keys(value)
  const outcome = {
    CLOSEOUT_REPORTED: 'succeeded',
    REJECTED: 'rejected',
    VOIDED: 'voided',
    CANCELLED: 'cancelled',
  }[leaf]
  const none = { gate: null, stopCode: null, outcome: null, stop: null } as const
  if (outcome !== undefined) {
    const state = outcome === 'succeeded' ? top! : before!.state
    return { ...none, state, status: 'closed', phase: null, outcome: outcome as 'succeeded' } as Partial<Run>
  }
  const state = top!
  if (leaf === 'waiting') {
    const gate = state === 'AWAITING_CUT_AUTHORIZATION' ? 'SG1' : 'SG2'
    return {
      ...none,
      state,
      status: 'paused',
      phase: null,
      gate,
      stopCode: 'STOP_APPROVAL_REQUIRED',
    } as Partial<Run>
  }
  if (leaf === 'stopped') {
    const stop = { code: 'STOP_TARGET_UNREACHABLE', message: `${before!.phase} found no server` }
    return {
      ...none,
      state,
      status: 'stopped',
      phase: before!.phase,
      stopCode: stop.code,
      stop,
    } as Partial<Run>
  }
  const phase = Object.keys(children)[0] ?? null
  return { ...none, state, status: 'working', phase } as Partial<Run>
}

/** Gives the run the event as its operator would, in a process that dies once the step is saved. */
async function give(world: World, run: Run, event: RunEvent): Promise<void> {
  const { engine } = world
  const { runId } = run
  const decision = ({ APPROVE: 'approve', REJECT: 'reject', VOID: 'void' } as const)[event.type]
  if (decision !== undefined) {
    const { approvalId } = await approvalFor(world, run, decision)
    await expect(engine.resume(runId, { approvalId })).rejects.toThrow(Died)
  } else if (event.type !== 'CANCEL') {
    await expect(engine.resume(runId, {})).rejects.toThrow(Died)
  } else {
    await expect(engine.cancel(runId, { reason: 'r' })).rejects.toThrow(Died)
  }
}

describe('an engine that dies after each step of a simple path', () => {
  const nameOfPath = ({ events }: Way) =>
    events.map(({ type }) => type.replace(/^xstate\.|actor\./g, '')).join(' → ')

  test.each(ways.map((way) => [nameOfPath(way) || 'the start alone', way] as const))(
    '%s',
    async (_, { events, snapshots }) => {
      let wanted: RunEvent | null = null
      let world = aWorld(() => wanted!, { mortal: true })
      await expect(start(world)).rejects.toThrow(Died)
      world = await world.reopen()
      let run = await theRun(world)
      expect(run).toMatchObject(standingAt(snapshots[0]!, null))

      for (const [index, event] of events.entries()) {
        wanted = event
        await give(world, run, event)
        world = await world.reopen()
        const after = await theRun(world)
        expect(after.seq).toBe(run.seq + 1)
        expect(after).toMatchObject(standingAt(snapshots[index + 1]!, run))
        const effects = await world.store.effects(run.runId)
        const phase = after.status === 'working' ? after.phase : null
        expect(effects.map(({ name }) => name)).toEqual(phase === null ? [] : [phase])
        const timers =
          Object.keys(snapshots[index + 1]!.children).length === 0 && after.status === 'working' ? 1 : 0
        expect(await world.store.timers(run.runId)).toHaveLength(timers)
        run = after
      }
      expect(await verifyRun(world.parts, run.runId)).toEqual({ entries: events.length + 1, replayed: true })
      const decided = events.filter(({ type }) => ['APPROVE', 'REJECT', 'VOID'].includes(type))
      expect(await world.store.approvals(run.runId)).toHaveLength(decided.length)
      await world.store.close()
    },
  )
})
