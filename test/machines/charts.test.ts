import { describe, expect, test } from 'vitest'
import { nodesOf, shippedMachines } from './explore-chart.ts'

/** What every chart that ships must keep to, whatever it is for. */

const machines = await shippedMachines()

test('the registry lists machines', () => {
  expect(machines.length).toBeGreaterThan(0)
})

describe.each(machines.map((machine) => [machine.name, machine] as const))(
  'the chart of %s',
  (_, { name, logic }) => {
    const nodes = nodesOf(logic)
    const invoking = nodes.flatMap((node) => node.invoke.map(({ id, src }) => ({ node, id, src })))

    test.each(['done', 'error'])(
      'a shipped chart has a transition without a guard for each invoke that is %s',
      (kind) => {
        expect(invoking.length).toBeGreaterThan(0)
        for (const { node, id } of invoking) {
          const transitions = node.transitions.get(`xstate.${kind}.actor.${id}`) ?? []
          expect(transitions.at(-1), `${node.id}: ${id}`).toMatchObject({ guard: undefined })
          expect(
            transitions.every(({ target }) => target?.length === 1),
            `${node.id}: ${id}`,
          ).toBe(true)
        }
      },
    )

    test('a shipped chart invokes effects by name, one id for each state', () => {
      const known = Object.keys(logic.implementations.actors)
      expect(invoking.filter(({ src }) => typeof src !== 'string' || !known.includes(src))).toEqual([])
      for (const name of known) expect(invoking.map(({ src }) => src)).toContain(name)
    })

    test('a shipped chart leaves no state without an event, an outcome or a timer', () => {
      expect(nodes.filter(({ always = [] }) => always.length > 0).map(({ id }) => id)).toEqual([])
    })

    test('a shipped chart takes the three decisions at each gate, and has no timer there', () => {
      const gates = nodes.filter(({ meta }) => meta !== undefined && 'gate' in meta)
      // An adoption only reads, so that nobody has to approve it.
      expect(gates.length > 0).toBe(name !== 'adopt')
      for (const node of gates) {
        expect([...node.transitions.keys()].sort()).toEqual(['APPROVE', 'REJECT', 'VOID'])
        expect([node.after, node.invoke]).toEqual([[], []])
      }
    })

    test('a shipped chart takes RETRY at each stop, which leads to work', () => {
      const stops = nodes.filter(({ meta }) => meta !== undefined && 'stopped' in meta)
      expect(stops.length).toBeGreaterThan(0)
      for (const node of stops) {
        const [target] = node.transitions.get('RETRY')?.[0]?.target ?? []
        expect(target?.invoke, node.id).toHaveLength(1)
        expect(target?.path[0]).toBe(node.path[0])
      }
    })

    test('a shipped chart declares an outcome on every end and nowhere else', () => {
      const isEnd = ({ type }: { type: string }) => type === 'final'
      const outcomes = nodes.filter(({ meta }) => meta !== undefined && 'closed' in meta)
      expect(outcomes.map(({ id }) => id)).toEqual(nodes.filter(isEnd).map(({ id }) => id))
      expect(outcomes.filter(({ meta }) => meta?.closed === 'succeeded')).toHaveLength(1)
    })

    test('a shipped chart gives a state one meta only', () => {
      for (const { id, meta } of nodes)
        expect(Object.keys({ ...meta, isMilestone: 0 }).length, id).toBeLessThan(3)
    })
  },
)
