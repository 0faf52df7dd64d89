import type { AnyStateNode } from 'xstate'
import type { MachineDefinition, StateMeta } from './define.ts'

/** The names of a chart's gates, in the order of its states. */
export function gatesOf({ logic }: Pick<MachineDefinition, 'logic'>): string[] {
  const below = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(below)]
  const gates = below(logic.root).flatMap((node) => {
    const meta = node.meta as StateMeta | undefined
    return meta !== undefined && 'gate' in meta ? [meta.gate] : []
  })
  return [...new Set(gates)]
}
