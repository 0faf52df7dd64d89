import { describe, expect, test } from 'vitest'
import { createActor, createMachine, fromPromise, initialTransition, transition } from 'xstate'
import { cutLogic } from '../../machines/cut.ts'

/**
 * What the installed XState does, where src/machine/transition.ts relies on it: names that its types do not hold and behaviour
 * that its documentation leaves open. A later version that differs fails here, by name, before it changes a run.
 */

const effect = fromPromise(() => Promise.reject(new Error('never started')))
const chart = createMachine({
  id: 'chart',
  context: { n: 1 },
  initial: 'working',
  states: {
    working: {
      invoke: { id: 'job', src: effect, input: () => ({ n: 1 }), onDone: 'waiting', onError: 'failed' },
      on: { LEAVE: 'waiting' },
    },
    waiting: { after: { 1000: 'working' }, on: { GO: 'working' } },
    failed: { type: 'final' },
  },
})
const typesOf = (actions: { type: string }[]) => actions.map(({ type }) => type)
const afterEvents = (...types: string[]) => {
  let step = initialTransition(chart)
  for (const type of types) step = transition(chart, step[0], { type } as never)
  return step
}

describe('XState actions', () => {
  test('XState asks for xstate.spawnChild with id, src and input of an invoke, and starts nothing', () => {
    const [snapshot, actions] = initialTransition(cutLogic, {
      runId: 'r',
      mode: 'dry-run',
      input: { document: 'D', target: 'embedded' },
    })
    expect(typesOf(actions)).toEqual(['xstate.spawnChild'])
    expect(actions[0]?.params).toMatchObject({
      id: 'source_pin',
      src: 'source_pin',
      input: { document: 'D', target: 'embedded' },
    })
    expect(Object.keys(snapshot.children)).toEqual(['source_pin'])
  })

  test('XState asks for xstate.stopChild with the id of an invoke that is left', () => {
    const [, actions] = afterEvents('LEAVE')
    const stop = actions.find(({ type }) => (type as string) === 'xstate.stopChild')
    expect(stop?.params).toMatchObject({ id: 'job' })
  })

  test('XState asks for xstate.raise on a delay, and for xstate.cancel when the delay is left', () => {
    const id = 'xstate.after.1000.chart.waiting'
    const raise = afterEvents('LEAVE')[1].find(({ type }) => type === 'xstate.raise')
    expect(raise?.params).toMatchObject({ id, delay: 1000, event: { type: id } })
    const cancel = afterEvents('LEAVE', 'GO')[1].find(({ type }) => (type as string) === 'xstate.cancel')
    expect(cancel?.params).toMatchObject({ sendId: id })
  })
})

describe('XState events', () => {
  test.each([
    ['xstate.done.actor.job', 'waiting'],
    ['xstate.error.actor.job', 'failed'],
  ])('XState names the outcome of an invoke %s', (type, state) => {
    expect(afterEvents(type)[0].value).toBe(state)
  })

  test('XState names the event of a delay xstate.after.<ms>.<state>', () => {
    expect(afterEvents('LEAVE', 'xstate.after.1000.chart.waiting')[0].value).toBe('working')
  })

  test('XState ignores events that do not fit, and can() is false for them', () => {
    const [snapshot] = afterEvents()
    expect(snapshot.can({ type: 'LEAVE' } as never)).toBe(true)
    expect(snapshot.can({ type: 'LAEVE' } as never)).toBe(false)
    const [same, actions] = transition(chart, snapshot, { type: 'LAEVE' } as never)
    expect([same.value, actions]).toEqual(['working', []])
  })

  test('XState answers can() with true for a snapshot that has ended', () => {
    const ended = createMachine({
      initial: 'end',
      on: { CANCEL: '.other' },
      states: { end: { type: 'final' }, other: {} },
    })
    const [snapshot] = initialTransition(ended)
    expect([snapshot.status, snapshot.can({ type: 'CANCEL' } as never)]).toEqual(['done', true])
  })
})

describe('XState snapshots', () => {
  test('XState persists snapshots as JSON under known keys, without name or version of the machine', () => {
    const persisted = chart.getPersistedSnapshot(afterEvents()[0])
    expect(Object.keys(JSON.parse(JSON.stringify(persisted))).sort()).toEqual([
      'children',
      'context',
      'historyValue',
      'status',
      'value',
    ])
    expect(JSON.parse(JSON.stringify(persisted))).toEqual(persisted)
  })

  test('XState keeps an unfinished invoke when an actor restores the snapshot, and loses it by resolveState', () => {
    const persisted = JSON.parse(JSON.stringify(chart.getPersistedSnapshot(afterEvents()[0])))
    expect(Object.keys(createActor(chart, { snapshot: persisted }).getSnapshot().children)).toEqual(['job'])
    expect(Object.keys(chart.resolveState(persisted).children)).toEqual([])
  })

  test('XState restores a snapshot of an unknown state as an error', () => {
    const persisted = { ...chart.getPersistedSnapshot(afterEvents()[0]), value: 'gone' }
    expect(createActor(chart, { snapshot: persisted as never }).getSnapshot().status).toBe('error')
  })

  test('XState restores a snapshot of another machine that has a state of that name', () => {
    const other = createMachine({ id: 'other', initial: 'waiting', states: { waiting: {} } })
    const persisted = other.getPersistedSnapshot(initialTransition(other)[0])
    const restored = createActor(chart, { snapshot: persisted as never }).getSnapshot()
    expect([restored.status, restored.value]).toEqual(['active', 'waiting'])
  })
})

describe('XState and functions that throw', () => {
  const throwing = () => {
    throw new Error('broken guard')
  }

  test('XState throws from transition, and returns an error status for the first state', () => {
    const guarded = createMachine({
      initial: 'a',
      states: { a: { on: { GO: { guard: throwing, target: 'b' } } }, b: {} },
    })
    expect(() => transition(guarded, initialTransition(guarded)[0], { type: 'GO' })).toThrow('broken guard')
    const first = createMachine({
      initial: 'a',
      states: { a: { always: { guard: throwing, target: 'b' } }, b: {} },
    })
    expect(initialTransition(first)[0].status).toBe('error')
  })

  test('XState puts a machine without onError into the error status', () => {
    const bare = createMachine({ initial: 'a', states: { a: { invoke: { id: 'job', src: effect } } } })
    const failed = { type: 'xstate.error.actor.job', error: new Error('no') }
    expect(transition(bare, initialTransition(bare)[0], failed as never)[0].status).toBe('error')
  })
})
