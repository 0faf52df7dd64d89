import { describe, expect, test } from 'vitest'
import { digestOf, digestOfBytes } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { eventStep, recordStep, startStep } from '../../src/machine/transition.ts'
import { eventsOf, keyOf, success } from '../machines/explore-chart.ts'
import { APPROVE, byXState, codeOf, identity, toGate, ways } from './chart-paths.ts'
import { AT, cutMachine, factsOf, firstOf, nextOf, stepsThrough, stored } from './drive-steps.ts'

const { logic } = cutMachine
const snapshotOf = (run: Run) => JSON.parse(run.snapshot).snapshot
describe('a step of the cut chart', () => {
  test('the tests of steps cover every state that the cut chart can reach', () => {
    expect(ways.length).toBeGreaterThan(50)
    expect(new Set(ways.map((events) => keyOf(byXState(events).snapshot))).size).toBe(32)
  })

  test.each(
    ways.map((events) => [events.map(({ type }) => type).join(' → ') || 'the start', events] as const),
  )('eventStep gives what XState’s own functions give: %s', (_, events) => {
    const { snapshot, actions } = byXState(events)
    const step = stepsThrough(cutMachine, events).at(-1)!
    expect(snapshotOf(step.run)).toEqual(JSON.parse(JSON.stringify(logic.getPersistedSnapshot(snapshot))))

    const params = (type: string) =>
      actions.filter((action) => action.type === type).map(({ params }) => params)
    expect(step.effectsAsked).toEqual(
      params('xstate.spawnChild').map(({ id, src, input }) => ({ invokeId: id, name: src, input })),
    )
    const left = params('xstate.stopChild').map(({ id }) => id)
    expect([...step.effectsDropped, ...(step.effectDone === null ? [] : [step.effectDone])].sort()).toEqual(
      left.sort(),
    )
    expect(step.timersAsked).toEqual(
      params('xstate.raise').map(({ id, delay, event }) => ({
        timerId: id,
        dueAt: new Date(Date.parse(AT) + (delay as number)).toISOString(),
        event,
      })),
    )
    expect(new Set(step.timersDropped)).toEqual(new Set(params('xstate.cancel').map(({ sendId }) => sendId)))
  })

  test('eventStep gives the same bytes for the live run and for the stored run', () => {
    let compared = 0
    for (const events of ways) {
      const { run } = stepsThrough(cutMachine, events).at(-1)!
      for (const event of eventsOf(byXState(events).snapshot)) {
        expect(JSON.stringify(nextOf(cutMachine, stored(run), event))).toBe(
          JSON.stringify(nextOf(cutMachine, run, event)),
        )
        compared += 1
      }
    }
    expect(compared).toBeGreaterThan(70)
  })

  test('eventStep accepts the outcome of each unfinished invoke of a stored run', () => {
    for (const events of ways) {
      const { run } = stepsThrough(cutMachine, events).at(-1)!
      if (run.phase === null || run.status !== 'working') continue
      expect(Object.keys(snapshotOf(run).children)).toEqual([run.phase])
      expect(nextOf(cutMachine, stored(run), success(run.phase)).effectDone).toBe(run.phase)
    }
  })

  test('a step of the cut chart has a context of plain JSON', () => {
    for (const events of ways) {
      const { context } = byXState(events).snapshot
      expect(JSON.parse(JSON.stringify(context))).toStrictEqual(context)
    }
  })

  test('eventStep moves the run and keeps the fields of its start', () => {
    for (const { run, entry } of ways.flatMap((events) => stepsThrough(cutMachine, events))) {
      expect(run).toMatchObject(identity)
      expect([entry.state, entry.status, entry.snapshotDigest]).toEqual([
        run.state,
        run.status,
        run.snapshotDigest,
      ])
      expect(run.snapshotDigest).toBe(digestOfBytes(run.snapshot))
      expect((run.status === 'paused') === (run.gate !== null)).toBe(true)
      expect((run.status === 'stopped') === (run.stop !== null)).toBe(true)
      expect((run.status === 'closed') === (run.outcome !== null)).toBe(true)
    }
  })
})

describe('eventStep with an event that does not fit', () => {
  test.each(['APPROVE', 'RETRY', 'AAPPROVE', '', 'cutter.note'])(
    '%j is refused while a phase works',
    (type) => {
      const { run } = firstOf(cutMachine)
      expect(codeOf(() => nextOf(cutMachine, run, { type }))).toBe('EVENT_REFUSED')
      expect(codeOf(() => nextOf(cutMachine, stored(run), { type }))).toBe('EVENT_REFUSED')
    },
  )

  test('eventStep refuses an event with the run, its state and the next command', () => {
    const { run } = stepsThrough(cutMachine, toGate).at(-1)!
    expect(() => nextOf(cutMachine, run, { type: 'RETRY' })).toThrow(
      expect.objectContaining({
        message: `run ${run.runId} in AWAITING_CUT_AUTHORIZATION (paused) takes no RETRY`,
        next: `cutter run show ${run.runId}`,
      }),
    )
  })

  test('eventStep either moves the run or refuses, in every state and for each event of the chart', () => {
    const types = ['APPROVE', 'REJECT', 'VOID', 'RETRY', 'CANCEL']
    for (const events of ways) {
      const { run } = stepsThrough(cutMachine, events).at(-1)!
      if (run.status === 'closed') continue
      const fits = new Set(eventsOf(byXState(events).snapshot).map(({ type }) => type))
      for (const type of types) {
        const event = { ...APPROVE, reason: 'r', type }
        if (fits.has(type))
          expect(nextOf(cutMachine, run, event).run.snapshotDigest).not.toBe(run.snapshotDigest)
        else expect(codeOf(() => nextOf(cutMachine, run, event))).toBe('EVENT_REFUSED')
      }
    }
  })

  test('eventStep refuses every event of a closed run', () => {
    const closed = ways
      .map((events) => stepsThrough(cutMachine, events).at(-1)!.run)
      .filter(({ status }) => status === 'closed')
    expect(new Set(closed.map(({ outcome }) => outcome))).toEqual(
      new Set(['succeeded', 'rejected', 'voided', 'cancelled']),
    )
    for (const run of closed) {
      for (const type of ['CANCEL', 'APPROVE', 'RETRY']) {
        expect(codeOf(() => nextOf(cutMachine, stored(run), { ...APPROVE, reason: 'r', type }))).toBe(
          'EVENT_REFUSED',
        )
      }
    }
  })
})

describe('a cancelled run', () => {
  test('cancelling uses no approval, not even the one that is held during a recheck', () => {
    const approved = stepsThrough(cutMachine, [...toGate, APPROVE]).at(-1)!.run
    expect([approved.phase, approved.gateSeq !== null]).toEqual(['recheck_cut', true])
    const { run, approvalUsed } = nextOf(cutMachine, stored(approved), { type: 'CANCEL', reason: 'r' })
    expect([run.outcome, approvalUsed]).toEqual(['cancelled', null])
  })
})

describe('recordStep', () => {
  test('recordStep takes a seq and a place in the chain and keeps the snapshot and the arrival', () => {
    const { run } = stepsThrough(cutMachine, toGate).at(-1)!
    const step = recordStep(
      run,
      { type: 'cutter.approval-refused', reason: 'EXPIRED' },
      { at: AT, by: 'alice' },
    )
    expect(stored(step.run)).toEqual({ ...stored(run), seq: run.seq + 1, head: step.entry.hash })
    expect(step.entry).toMatchObject({
      seq: run.seq + 1,
      previousHash: run.head,
      snapshotDigest: run.snapshotDigest,
    })
    expect(nextOf(cutMachine, step.run, APPROVE).run.gateSeq).toBe(run.gateSeq)
  })

  test('recordStep refuses the name of a machine event', () => {
    expect(() => recordStep(firstOf(cutMachine).run, { type: 'APPROVE' }, { at: AT, by: 'x' })).toThrow(
      TypeError,
    )
  })
})

describe('the definition of a run', () => {
  const changed = { ...cutMachine, definitionDigest: digestOf('another cut') }

  test('eventStep refuses a stored run of another definition', () => {
    for (const events of ways) {
      const run = stored(stepsThrough(cutMachine, events).at(-1)!.run)
      for (const event of eventsOf(byXState(events).snapshot)) {
        expect(codeOf(() => eventStep(changed, run, event, factsOf(event)))).toBe('MACHINE_CHANGED')
      }
    }
  })

  test('the refusal of another definition names both definitions and what to install', () => {
    const run = stored(firstOf(cutMachine).run)
    expect(() => nextOf(changed, run, success('source_pin'))).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          /was started under machine cut 1 \(sha256:.+\); installed is cut 1 \(sha256:.+\)/,
        ),
        next: expect.stringContaining('install the definition that started it'),
      }),
    )
  })

  test('eventStep refuses a stored state that the definition does not have', () => {
    const { run } = firstOf(cutMachine)
    const gone = stored({ ...run, snapshot: run.snapshot.replaceAll('"PENDING"', '"NOWHERE"') })
    expect(() => nextOf(cutMachine, gone, success('source_pin'))).toThrow(
      expect.objectContaining({
        code: 'INTERNAL',
        message: expect.stringContaining('the stored state PENDING'),
      }),
    )
  })

  test('startStep gives the same step for the same identity', () => {
    expect(JSON.stringify(startStep(cutMachine, identity, { at: AT, by: 'engine' }))).toBe(
      JSON.stringify(firstOf(cutMachine)),
    )
  })
})
