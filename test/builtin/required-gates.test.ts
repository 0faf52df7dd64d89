import { describe, expect, test } from 'vitest'
import { loadBuiltins } from '../../src/builtin/registry.ts'
import { RELEASES } from '../../src/builtin/released-definitions.ts'
import { findRequiredGates, REQUIRED_GATES } from '../../src/builtin/required-gates.ts'
import { gatesOf } from '../../src/machine/chart-gates.ts'
import type { MachineDefinition, StateMeta } from '../../src/machine/define.ts'
import { type AnyNode, nodesOf } from '../machines/explore-chart.ts'

const builtins = await loadBuiltins()
const released = RELEASES.flatMap(({ commit, definitions }) =>
  Object.entries(definitions).map(([machine, definitionDigest]) => ({ commit, machine, definitionDigest })),
)

describe('findRequiredGates', () => {
  test.each(released)('knows the gates of $machine at $commit', ({ machine, definitionDigest }) => {
    const gates = findRequiredGates({ machine, version: '1', definitionDigest }, 'succeeded')
    expect(gates).toEqual(REQUIRED_GATES[machine]!['1']!.succeeded)
    expect(findRequiredGates({ machine, version: '1', definitionDigest }, 'cancelled')).toEqual([])
  })

  test('knows nothing of another machine, version or digest', () => {
    const { machine, definitionDigest } = released[0]!
    for (const other of [
      { machine: 'toString', version: '1', definitionDigest },
      { machine, version: 'toString', definitionDigest },
      { machine, version: '2', definitionDigest },
      { machine, version: '1', definitionDigest: `sha256:${'0'.repeat(64)}` },
      { machine: 'deploy', version: '1', definitionDigest },
    ])
      expect(findRequiredGates(other, 'succeeded')).toBeNull()
  })
})

const metaOf = (node: AnyNode) => (node.meta ?? {}) as Partial<Record<string, string>> & StateMeta

const leafOf = (node: AnyNode): AnyNode =>
  node.type === 'compound' ? leafOf(node.initial.target[0] as AnyNode) : node

/** All leaves that some events lead to, without a way through the gate. */
function reachableWithout({ logic }: MachineDefinition, gate: string): Set<AnyNode> {
  const found = new Set<AnyNode>()
  const visit = (node: AnyNode): void => {
    const leaf = leafOf(node)
    if (found.has(leaf) || metaOf(leaf).gate === gate) return
    found.add(leaf)
    for (let at: AnyNode | undefined = leaf; at !== undefined; at = at.parent) {
      const ways = [...at.transitions.values()].flat()
      for (const target of [...ways, ...(at.always ?? [])].flatMap((way) => way.target ?? []))
        visit(target as AnyNode)
    }
  }
  visit(logic.root as AnyNode)
  return found
}

describe('REQUIRED_GATES', () => {
  test.each(builtins.map(({ definition }) => [definition.name, definition] as const))(
    'lists the gates without which the chart of %s reaches no such outcome',
    (name, definition) => {
      const required: { [outcome: string]: string[] } = {}
      for (const end of nodesOf(definition.logic).filter((node) => metaOf(node).closed !== undefined)) {
        const gates = gatesOf(definition).filter((gate) => !reachableWithout(definition, gate).has(end))
        if (gates.length > 0 && !DECIDED_AT_A_GATE.includes(metaOf(end).closed!))
          required[metaOf(end).closed!] = gates
      }
      expect(REQUIRED_GATES[name]).toEqual({ [definition.version]: required })
    },
  )
})

/** These end at a gate and not behind it. */
const DECIDED_AT_A_GATE = ['rejected', 'voided']
