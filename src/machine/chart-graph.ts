import type { AnyStateNode } from 'xstate'
import type { MachineDefinition } from './define.ts'

/** A milestone of a chart. */
interface ChartNode {
  state: string
  /** The gates at which a run waits in it. */
  gates: string[]
  /** The outcome with which a run closes there; null where it does not. */
  outcome: string | null
}

/** A way from one milestone to another. */
interface ChartEdge {
  from: string
  to: string
  /** The phase that leads there, or an event; empty where the run only arrives. */
  label: string
}

/** A chart as nodes and edges. */
export interface ChartGraph {
  initial: string
  nodes: ChartNode[]
  edges: ChartEdge[]
  /** Ways that every milestone has, such as cancelling. */
  fromAnywhere: Omit<ChartEdge, 'from'>[]
}

/** Reads a chart as milestones and the ways between them. Substates (waiting, working, stopped) are the same everywhere and left out. */
export function chartGraph({ logic }: Pick<MachineDefinition, 'logic'>): ChartGraph {
  const { root } = logic
  const milestones = Object.values(root.states) as AnyStateNode[]
  const edges = milestones.flatMap((from) =>
    below(from).flatMap((node) => leaving(node, from).map(([to, label]) => ({ from: from.key, to, label }))),
  )
  return {
    initial: String(root.config.initial),
    nodes: milestones.map((milestone) => ({
      state: milestone.key,
      gates: below(milestone).flatMap((node) => metaOf(node).gate ?? []),
      outcome: milestone.type === 'final' ? (metaOf(milestone).closed ?? '') : null,
    })),
    edges: unique(edges),
    fromAnywhere: unique(leaving(root, root).map(([to, label]) => ({ to, label }))),
  }
}

function unique<T>(items: T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()]
}

/** A state with all states below it. */
export const below = (node: AnyStateNode): AnyStateNode[] => [
  node,
  ...Object.values(node.states).flatMap(below),
]
/** What charts say of a state. */
export const metaOf = ({ meta }: AnyStateNode) =>
  (meta ?? {}) as { gate?: string; rechecks?: string; closed?: string }

/** The other milestones to which a state leads, each with the label of its edge. */
export function leaving(node: AnyStateNode, milestone: AnyStateNode): [to: string, label: string][] {
  const found: [string, string][] = []
  for (const [event, transitions] of node.transitions) {
    for (const { target = [] } of transitions) {
      for (const { path } of target as AnyStateNode[]) {
        if (path[0] !== undefined && path[0] !== milestone.key) found.push([path[0], labelOf(event, node)])
      }
    }
  }
  return found
}

/** The label of an edge: the phase's name for a phase that is done, the length for a delay, else the event. */
function labelOf(event: string, node: AnyStateNode): string {
  const [, kind, id] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(event) ?? []
  if (kind !== undefined) {
    const src = node.invoke.find((invoke) => invoke.id === id)?.src
    const phase = typeof src === 'string' ? src : id!
    return kind === 'done' ? phase : `${phase} fails`
  }
  const [, delay] = /^xstate\.after\.([^.]+)\./.exec(event) ?? []
  if (delay === undefined) return event
  return delay === '0' ? '' : `after ${delay} ms`
}
