import { describe, expect, test } from 'vitest'
import { type AnyMachineSnapshot, assign, createMachine, initialTransition, setup, transition } from 'xstate'
import { createActorScope } from '../../src/machine/actor-scope.ts'
import { effect } from '../../src/machine/define.ts'

/** Charts that use what the charts of ours don't: names in XState's system of actors, actors spawned by an assign, `self`. */

const job = effect()
const again = { GO: { target: 'a', reenter: true }, ON: 'b' }
const chart = setup({ actors: { job } }).createMachine({
  context: { seen: null as string | null, spawned: null },
  initial: 'a',
  states: {
    a: { invoke: { src: 'job', id: 'one', systemId: 'job' }, on: again },
    b: {
      invoke: { src: 'job', id: 'two', systemId: 'job' },
      entry: assign({
        seen: ({ self, system }) => `${self.getSnapshot().status} ${system.get('job')?.id}`,
        spawned: ({ spawn }) => spawn('job', { id: 'three', systemId: 'other' }) as never,
      }),
      on: again,
    },
  },
})
const twins = createMachine({
  type: 'parallel',
  states: {
    a: { invoke: { src: job, id: 'one', systemId: 'job' } },
    b: { invoke: { src: job, id: 'two', systemId: 'job' } },
  },
})

function ours(events: string[]) {
  let scope = createActorScope()
  let snapshot = chart.getInitialSnapshot(scope.scope, undefined as never) as AnyMachineSnapshot
  for (const type of events) {
    scope = createActorScope()
    snapshot = chart.transition(snapshot as never, { type } as never, scope.scope) as AnyMachineSnapshot
  }
  return { snapshot: chart.getPersistedSnapshot(snapshot as never), actions: scope.actions }
}

function theirs(events: string[]) {
  let [snapshot, actions] = initialTransition(chart)
  for (const type of events) [snapshot, actions] = transition(chart, snapshot, { type } as never)
  return { snapshot: chart.getPersistedSnapshot(snapshot), actions }
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value))
const idsOf = (actions: { type: string; params?: unknown }[]) =>
  actions.map(({ type, params }) => [type, (params as { id?: string } | undefined)?.id])

describe('createActorScope', () => {
  test.each([[[]], [['GO']], [['ON']], [['ON', 'GO']], [['GO', 'ON', 'GO', 'ON']]])(
    'gives what XState’s own functions give, actors with names among them: %j',
    (events) => {
      const [mine, xstate] = [ours(events), theirs(events)]
      expect(plain(mine.snapshot)).toEqual(plain(xstate.snapshot))
      expect(idsOf(mine.actions)).toEqual(idsOf(xstate.actions))
    },
  )

  test('createActorScope starts each time without a named actor', () => {
    expect(ours(['ON', 'GO', 'ON'])).toMatchObject({ snapshot: { context: { seen: 'active undefined' } } })
  })

  test('createActorScope refuses a second actor of the same name, as XState does', () => {
    const message = "Actor with system ID 'job' already exists."
    const { scope } = createActorScope()
    const mine = twins.getInitialSnapshot(scope, undefined as never) as { status: string; error: Error }
    const [xstate] = initialTransition(twins) as unknown as [{ status: string; error: Error }]
    expect([mine.status, mine.error.message]).toEqual(['error', message])
    expect([xstate.status, xstate.error.message]).toEqual(['error', message])
  })
})
