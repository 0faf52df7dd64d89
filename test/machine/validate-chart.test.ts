import { afterEach, describe, expect, test } from 'vitest'
import { type AnyStateMachine, assign, createMachine, raise, setup } from 'xstate'
import type { RunEvent } from '../../src/domain/history-entry.ts'
import { digestOf, type Json } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { closed, effect, gate, rechecks, stopped } from '../../src/machine/define.ts'
import { openRunStore } from '../../src/store/sqlite/open-run-store.ts'
import { success } from '../machines/explore-chart.ts'
import { mine } from '../store/step-fixture.ts'
import { aStoreFile, removeFolders } from '../store/store-folders.ts'
import { AT, aMachine, firstOf, nextOf, stored } from './drive-steps.ts'

/** Charts that break the engine's rules. Anybody may write such a chart, and none may get past the rules. */

afterEach(removeFolders)

const context = {
  output: {} as { [key: string]: Json },
  planDigest: digestOf('plan'),
  stop: null,
  approvalId: null,
}
const APPROVE = { type: 'APPROVE', approvalId: 'ap-1', approver: 'alice@example.org' }
const takeApproval = assign({
  approvalId: ({ event }) => (event as { approvalId?: string }).approvalId ?? null,
})

const tried = setup({ actors: { job: effect<Json, Json>() } })
const chart = (config: object): AnyStateMachine =>
  createMachine(config as never).provide(tried as never) as never
const withEffects = (config: object): AnyStateMachine => tried.createMachine(config as never) as never

const refusal = (work: () => unknown): { code: string; message: string } | null => {
  try {
    work()
    return null
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return { code, message }
  }
}

function runThrough(logic: AnyStateMachine, events: RunEvent[] = []): Run {
  const machine = aMachine(logic)
  return events.reduce((run, event) => nextOf(machine, run, event).run, firstOf(machine).run)
}

const fail = () => {
  throw new Error('the guard is broken')
}

describe('a chart that throws', () => {
  const working = (onDone: unknown) =>
    withEffects({
      context,
      initial: 'A',
      states: {
        A: { invoke: { id: 'job', src: 'job', onDone, onError: 'B' } },
        B: { type: 'final', meta: closed('failed') },
      },
    })

  test.each([
    ['a guard', { guard: fail, target: 'B' }],
    ['an assignment', { target: 'B', actions: assign(fail) }],
  ])('a chart that throws in %s is named with the event', (_, onDone) => {
    const logic = working(onDone)
    expect(refusal(() => runThrough(logic, [success('job')]))).toEqual({
      code: 'INTERNAL',
      message: expect.stringMatching(
        /machine tried 1 broke at xstate\.done\.actor\.job: .*the guard is broken/s,
      ),
    })
  })

  test('a chart that throws in its first state makes no run', () => {
    const logic = chart({
      context,
      initial: 'A',
      states: { A: { always: { guard: fail, target: 'B' } }, B: {} },
    })
    expect(refusal(() => runThrough(logic))).toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('broke at its first state'),
    })
  })

  test('a chart that throws leaves the stored run, its history and its claimed effect unchanged', async () => {
    const store = openRunStore(aStoreFile())
    const machine = aMachine(working({ guard: fail, target: 'B' }))
    const step = firstOf(machine)
    await store.create(step, mine)
    const { runId } = step.run
    const everything = async () => [
      await store.run(runId),
      await store.history(runId),
      await store.effects(runId),
    ]
    const before = await everything()
    const loaded = (await store.run(runId))!
    await expect(async () => store.advance(nextOf(machine, loaded, success('job')), mine)).rejects.toThrow(
      'broken',
    )
    expect(await everything()).toEqual(before)
    await store.close()
  })
})

describe('a chart without onError', () => {
  test('a chart without onError is named when its effect fails', () => {
    const logic = withEffects({
      context,
      initial: 'A',
      states: { A: { invoke: { id: 'job', src: 'job', onDone: 'B' } }, B: {} },
    })
    const failed = {
      type: 'xstate.error.actor.job',
      actorId: 'job',
      error: { code: 'STOP_DRIFT', message: 'no' },
    }
    expect(refusal(() => runThrough(logic, [failed]))).toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('broke at xstate.error.actor.job'),
    })
  })
})

describe('a chart with actions of its own', () => {
  test.each([
    ['an action of its own', { type: 'notify' }, 'notify'],
    ['a function', () => {}, ''],
  ])('a chart with %s is refused', (_, action, named) => {
    const logic = chart({
      context,
      initial: 'A',
      states: { A: { on: { GO: { target: 'B', actions: action } } }, B: {} },
    })
    expect(refusal(() => runThrough(logic, [{ type: 'GO' }]))).toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining(`asks for the action ${named}`),
    })
  })

  test('a chart that acts on entering its first state is refused', () => {
    const logic = chart({ context, initial: 'A', states: { A: { entry: { type: 'notify' } } } })
    expect(refusal(() => runThrough(logic))).toMatchObject({ code: 'INTERNAL' })
  })
})

describe('a chart that leaves its gate without an approval', () => {
  const leaves = /broke at the gate SG1: the run would continue without an approval/
  const atGate = (rest: object, others: object) =>
    withEffects({ context, initial: 'GATE', states: { GATE: { meta: gate('SG1'), ...rest }, ...others } })
  const job = { invoke: { id: 'job', src: 'job', onDone: 'END', onError: 'END' } }
  const END = { type: 'final', meta: closed('succeeded') }
  const tries = (logic: AnyStateMachine, ...events: RunEvent[]) => refusal(() => runThrough(logic, events))

  test('a chart that leaves its gate by its own event is refused', () => {
    expect(tries(atGate({ on: { GO: 'WORK' } }, { WORK: job, END }), { type: 'GO' })?.message).toMatch(leaves)
  })

  test('a chart that leaves its gate by an APPROVE which it does not keep is refused', () => {
    expect(tries(atGate({ on: { APPROVE: 'WORK' } }, { WORK: job, END }), APPROVE)?.message).toMatch(leaves)
  })

  test('a chart that leaves its gate by a timer is refused', () => {
    const logic = atGate({ after: { 1000: 'WORK' } }, { WORK: job, END })
    expect(tries(logic, { type: 'xstate.after.1000.(machine).GATE' })?.message).toMatch(leaves)
  })

  test('a chart that leaves its gate for work within its milestone is refused', () => {
    const logic = withEffects({
      context,
      initial: 'GATE',
      states: {
        GATE: {
          initial: 'waiting',
          states: { waiting: { meta: gate('SG1'), on: { GO: 'working' } }, working: job, END },
        },
      },
    })
    expect(tries(logic, { type: 'GO' })?.message).toMatch(leaves)
  })

  test('a chart that leaves its gate by a stop and a retry is refused', () => {
    const logic = atGate(
      { on: { GO: 'HALT' } },
      { HALT: { meta: stopped, on: { RETRY: 'WORK' } }, WORK: job, END },
    )
    expect(tries(logic, { type: 'GO' })?.message).toMatch(leaves)
  })

  test('a chart that leaves its gate by a recheck without an approval is refused', () => {
    const logic = withEffects({
      context,
      initial: 'GATE',
      states: {
        GATE: {
          initial: 'waiting',
          states: {
            waiting: { meta: gate('SG1'), on: { GO: 'checking' } },
            checking: {
              meta: rechecks('SG1'),
              invoke: { id: 'job', src: 'job', onDone: '#work', onError: 'waiting' },
            },
          },
        },
        WORK: {
          id: 'work',
          initial: 'on',
          states: { on: { invoke: { id: 'job', src: 'job', onDone: 'on', onError: 'on' } } },
        },
      },
    })
    expect(tries(logic, { type: 'GO' }, success('job'))?.message).toMatch(/without an approval/)
  })

  test('a chart that leaves its gate for the next gate in another milestone is refused', () => {
    const logic = atGate({ on: { GO: 'NEXT' } }, { NEXT: { meta: gate('SG2') } })
    expect(tries(logic, { type: 'GO' })?.message).toMatch(leaves)
  })

  test('a chart that leaves its gate for the next gate in the same milestone is refused', () => {
    const logic = withEffects({
      context,
      initial: 'GATE',
      states: {
        GATE: {
          initial: 'one',
          states: { one: { meta: gate('SG1'), on: { GO: 'two' } }, two: { meta: gate('SG2') } },
        },
      },
    })
    expect(tries(logic, { type: 'GO' })?.message).toMatch(leaves)
  })

  test('a chart that leaves its gate by ending as succeeded is refused', () => {
    expect(tries(atGate({ on: { GO: 'END' } }, { END }), { type: 'GO' })?.message).toMatch(leaves)
  })

  test('a chart that leaves its gate by another event which names an approval is refused', () => {
    const logic = atGate({ on: { GO: { target: 'WORK', actions: takeApproval } } }, { WORK: job, END })
    expect(tries(logic, { type: 'GO', approvalId: 'ap-1' })?.message).toMatch(
      /GO would continue the run as if it were an approval/,
    )
  })

  test('a chart that leaves its gate for work by a rejection is refused', () => {
    const logic = atGate({ on: { REJECT: { target: 'WORK', actions: takeApproval } } }, { WORK: job, END })
    const reject = { ...APPROVE, type: 'REJECT' }
    expect(tries(logic, reject)?.message).toMatch(/REJECT would continue the run as if it were an approval/)
  })

  test('a chart that leaves its gate under another approval than the given one is refused', () => {
    const another = { target: 'WORK', actions: assign({ approvalId: 'ap-9' }) }
    expect(tries(atGate({ on: { APPROVE: another } }, { WORK: job, END }), APPROVE)?.message).toMatch(
      /under another approval than the one that was given/,
    )
  })

  test('a chart that rechecks the world after a rejection, as if it were an approval, is refused', () => {
    const logic = withEffects({
      context,
      initial: 'GATE',
      states: {
        GATE: {
          initial: 'waiting',
          states: {
            waiting: { meta: gate('SG1'), on: { REJECT: { target: 'checking', actions: takeApproval } } },
            checking: { meta: rechecks('SG1'), invoke: { id: 'job', src: 'job', onDone: '#work' } },
          },
        },
        WORK: { id: 'work', ...job },
        END,
      },
    })
    expect(tries(logic, { ...APPROVE, type: 'REJECT' }, success('job'))?.message).toMatch(
      /REJECT would lead to its recheck without an approval/,
    )
  })

  test('a chart that leaves its gate by a failed recheck or with another plan is refused', () => {
    const checked = (next: object) =>
      withEffects({
        context,
        initial: 'GATE',
        states: {
          GATE: {
            initial: 'waiting',
            states: {
              waiting: { meta: gate('SG1'), on: { APPROVE: { target: 'checking', actions: takeApproval } } },
              checking: { meta: rechecks('SG1'), invoke: { id: 'job', src: 'job', ...next } },
            },
          },
          WORK: { id: 'work', initial: 'on', states: { on: { invoke: { id: 'job', src: 'job' } } } },
        },
      })
    const failed = { type: 'xstate.error.actor.job', actorId: 'job', error: { code: 'STOP_INTERNAL' } }
    expect(tries(checked({ onDone: '#work', onError: '#work' }), APPROVE, failed)?.message).toMatch(
      /its recheck has failed/,
    )
    const replan = { target: '#work', actions: assign({ planDigest: digestOf('another plan') }) }
    expect(tries(checked({ onDone: replan }), APPROVE, success('job'))?.message).toMatch(
      /another plan than the one that was approved/,
    )
    expect(tries(checked({ onDone: '#work' }), APPROVE, success('job'))).toBeNull()
  })

  test('a chart whose recheck starts without a decision or changes the held approval is refused', () => {
    const claimed = assign({ approvalId: 'ap-9' })
    const gated = (checking: object, APPROVE: object = { target: 'checking', actions: takeApproval }) => ({
      initial: 'waiting',
      states: {
        waiting: { meta: gate('SG1'), on: { APPROVE } },
        checking: { meta: rechecks('SG1'), id: 'checking', ...checking },
        again: { meta: rechecks('SG1'), invoke: { id: 'job', src: 'job', onDone: '#work' } },
      },
    })
    const to = (target: string) => ({
      invoke: { id: 'job', src: 'job', onDone: { target, actions: claimed } },
    })
    const through = (initial: string, GATE: object, ...events: RunEvent[]) =>
      tries(
        withEffects({
          context,
          initial,
          states: { START: to('#checking'), GATE, WORK: { id: 'work', ...job }, END },
        }),
        ...events,
      )
    const kept = { invoke: { id: 'job', src: 'job', onDone: '#work' } }
    expect(through('START', gated(kept), success('job'))?.message).toMatch(
      /would start without a decision there/,
    )
    const another = /its recheck would hold another approval/
    expect(through('GATE', gated(to('again')), APPROVE, success('job'))?.message).toMatch(another)
    expect(through('GATE', gated(kept, { target: 'checking', actions: claimed }), APPROVE)?.message).toMatch(
      another,
    )
    const replan = assign({ planDigest: digestOf('another plan') })
    const replanned = { invoke: { id: 'job', src: 'job', onDone: { target: 'again', actions: replan } } }
    expect(through('GATE', gated(replanned), APPROVE, success('job'))?.message).toMatch(
      /an approval of another plan/,
    )
    expect(through('GATE', gated(kept), APPROVE, success('job'))).toBeNull()
  })

  test('a chart that passes its gate by an event which it raises itself is refused', () => {
    const start = { id: 'start', invoke: { id: 'job', src: 'job', onDone: 'GATE', onError: 'END' } }
    const waiting = (more: object) => ({
      initial: 'waiting',
      on: { SKIP: '#work' },
      states: {
        waiting: {
          meta: gate('SG2'),
          on: { APPROVE: { target: 'checking', actions: takeApproval } },
          ...more,
        },
        checking: { meta: rechecks('SG2'), invoke: { id: 'job', src: 'job', onDone: '#work' } },
      },
    })
    const through = (GATE: object, onDone: object = { target: 'GATE' }) =>
      tries(
        withEffects({
          context,
          initial: 'START',
          states: {
            START: { ...start, invoke: { ...start.invoke, onDone } },
            GATE,
            WORK: { id: 'work', ...job },
            END,
          },
        }),
        success('job'),
      )
    const passes = /broke at the gate SG2: the run would pass it within one step/
    expect(through(waiting({ entry: raise({ type: 'SKIP' }) }))?.message).toMatch(passes)
    expect(through(waiting({ entry: raise(APPROVE) }))?.message).toMatch(passes)
    expect(through(waiting({}), { target: 'GATE', actions: raise(APPROVE) })?.message).toMatch(passes)
    const first = atGate({ entry: raise(APPROVE), on: { APPROVE: 'WORK' } }, { WORK: job, END })
    expect(tries(first)?.message).toMatch(/broke at its first state: it would leave that state at once/)
    expect(through(waiting({ entry: raise({ type: 'NOTHING' }) }))).toBeNull()
    expect(through(waiting({}))).toBeNull()
  })

  test('a chart whose gate is hidden by a parallel region is refused', () => {
    const logic = chart({
      context,
      initial: 'GATE',
      states: {
        GATE: {
          type: 'parallel',
          states: {
            a: { initial: 'at', states: { at: { meta: stopped, on: { RETRY: '#work' } } } },
            b: { initial: 'at', states: { at: { meta: gate('SG1') } } },
          },
        },
        WORK: { id: 'work' },
      },
    })
    expect(tries(logic, { type: 'RETRY' })?.message).toMatch(/two marks at once/)
  })

  test('a chart may leave its gate by ending otherwise, and by an approval', () => {
    const rest = { on: { DROP: 'DROPPED', APPROVE: { target: 'WORK', actions: takeApproval } } }
    const machine = aMachine(
      atGate(rest, { WORK: job, END, DROPPED: { type: 'final', meta: closed('cancelled') } }),
    )
    const { run } = firstOf(machine)
    expect(nextOf(machine, run, { type: 'DROP' })).toMatchObject({
      approvalUsed: null,
      run: { outcome: 'cancelled' },
    })
    expect(nextOf(machine, stored(run), APPROVE)).toMatchObject({
      approvalUsed: 'ap-1',
      run: { status: 'working' },
    })
  })
})

describe('a chart with delays', () => {
  test('a delay becomes a timer that is due after the step and is dropped when it fires or its state is left', () => {
    const machine = aMachine(
      chart({
        context,
        initial: 'A',
        states: { A: { after: { 90000: 'B' }, on: { GO: 'B' } }, B: { after: { 5: 'A' } } },
      }),
    )
    const start = firstOf(machine)
    const [timer] = start.timersAsked
    expect(timer?.dueAt).toBe(new Date(Date.parse(AT) + 90_000).toISOString())
    const fired = nextOf(machine, stored(start.run), timer!.event)
    expect(new Set(fired.timersDropped)).toEqual(new Set([timer!.timerId]))
    expect(fired.timersAsked).toHaveLength(1)
    expect(nextOf(machine, start.run, { type: 'GO' }).timersDropped).toEqual([timer!.timerId])
  })

  test('a chart may raise an event at once, which XState processes within the same step', () => {
    const logic = chart({
      context,
      initial: 'A',
      states: { A: { on: { GO: { actions: raise({ type: 'ON' }) }, ON: 'B' } }, B: {} },
    })
    expect(runThrough(logic, [{ type: 'GO' }]).state).toBe('B')
  })
})
