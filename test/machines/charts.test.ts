import { describe, expect, test } from 'vitest'
import { nodesOf, shippedMachines } from './explore-chart.ts'

/** What every chart that ships must keep to, whatever it is for. */

const machines = await shippedMachines()

test('there are machines to look at', () => {
  expect(machines.length).toBeGreaterThan(0)
})

describe.each(machines.map((machine) => [machine.name, machine] as const))(
  'the chart of %s',
  (_, { logic }) => {
    const nodes = nodesOf(logic)
    const invoking = nodes.flatMap((node) => node.invoke.map(({ id, src }) => ({ node, id, src })))

    test.each(['done', 'error'])(
      'says for every invoke what follows when it is %s, without a way to fall through',
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

    test('names each effect where it is used: no logic of its own, one id a state', () => {
      const known = Object.keys(logic.implementations.actors)
      expect(invoking.filter(({ src }) => typeof src !== 'string' || !known.includes(src))).toEqual([])
      for (const name of known) expect(invoking.map(({ src }) => src)).toContain(name)
    })

    test('hurries past no state: nothing happens without an event, an outcome or a timer', () => {
      expect(nodes.filter(({ always = [] }) => always.length > 0).map(({ id }) => id)).toEqual([])
    })

    test('has on each gate the three decisions, and no timer', () => {
      const gates = nodes.filter(({ meta }) => meta !== undefined && 'gate' in meta)
      expect(gates.length).toBeGreaterThan(0)
      for (const node of gates) {
        expect([...node.transitions.keys()].sort()).toEqual(['APPROVE', 'REJECT', 'VOID'])
        expect([node.after, node.invoke]).toEqual([[], []])
      }
    })

    test('has on each stop a retry that leads back to work', () => {
      const stops = nodes.filter(({ meta }) => meta !== undefined && 'stopped' in meta)
      expect(stops.length).toBeGreaterThan(0)
      for (const node of stops) {
        const [target] = node.transitions.get('RETRY')?.[0]?.target ?? []
        expect(target?.invoke, node.id).toHaveLength(1)
        expect(target?.path[0]).toBe(node.path[0])
      }
    })

    test('says with which outcome it ends, on every end and nowhere else', () => {
      const isEnd = ({ type }: { type: string }) => type === 'final'
      const outcomes = nodes.filter(({ meta }) => meta !== undefined && 'closed' in meta)
      expect(outcomes.map(({ id }) => id)).toEqual(nodes.filter(isEnd).map(({ id }) => id))
      expect(outcomes.filter(({ meta }) => meta?.closed === 'succeeded')).toHaveLength(1)
    })

    test('marks a state in one way only', () => {
      for (const { id, meta } of nodes) expect(Object.keys(meta ?? {}).length, id).toBeLessThan(2)
    })
  },
)
