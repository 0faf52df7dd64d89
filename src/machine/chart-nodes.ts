import type { AnyStateMachine, AnyStateNode } from 'xstate'
import type { Json } from '../domain/json.ts'
import { gatesOf } from './chart-gates.ts'
import type { StateMeta } from './define.ts'

/** All nodes of a chart, the root first, each before the nodes below it. */
export const chartNodes = (logic: AnyStateMachine): AnyStateNode[] => below(logic.root)

const below = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(below)]

const idsOfInvokes = new WeakMap<AnyStateMachine, Set<string>>()

/** The ids of all invokes of a chart. They are asked for at every step, so they are kept. */
export function invokeIds(logic: AnyStateMachine): Set<string> {
  const known = idsOfInvokes.get(logic)
  if (known !== undefined) return known
  const ids = new Set(chartNodes(logic).flatMap(({ invoke }) => invoke.map(({ id }) => id)))
  idsOfInvokes.set(logic, ids)
  return ids
}

/** The mark that `gate`, `rechecks`, `stopped` or `closed` put on a state; undefined on a state without one. */
export const stateMetaOf = ({ meta }: AnyStateNode) => meta as StateMeta | undefined

/** Finds the atomic states of a snapshot's value. Null when the chart has no such state, or when the value ends above one. */
export function findLeafNodes(logic: AnyStateMachine, value: Json): AnyStateNode[] | null {
  return leavesBelow(logic.root, value)
}

function leavesBelow(node: AnyStateNode, value: Json): AnyStateNode[] | null {
  if (typeof value === 'string') {
    const child = node.states[value]
    return child !== undefined && isLeaf(child) && node.type === 'compound' ? [child] : null
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null
  const keys = Object.keys(value)
  if (keys.length !== (node.type === 'parallel' ? Object.keys(node.states).length : 1)) return null
  const found = keys.map((key) => {
    const child = node.states[key]
    if (child === undefined) return null
    const inner = value[key]!
    return isEmpty(inner) && isLeaf(child) ? [child] : leavesBelow(child, inner)
  })
  return found.some((leaves) => leaves === null) ? null : found.flatMap((leaves) => leaves!)
}

const isLeaf = ({ states }: AnyStateNode) => Object.keys(states).length === 0
const isEmpty = (value: Json) =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0

/**
 * The gates that a run must have passed to be in these states: the chart can't lead there without them. A run that waits at a gate,
 * or rechecks the world for it, has not passed it yet.
 */
export function gatesBefore(logic: AnyStateMachine, places: AnyStateNode[]): string[] {
  return gatesOf({ logic }).filter((gate) => {
    if (places.some((place) => isAt(place, gate))) return false
    const reached = reachedWithout(logic, gate)
    return places.some((place) => !reached.has(place))
  })
}

function isAt(node: AnyStateNode, gate: string): boolean {
  const mark = stateMetaOf(node)
  return (
    mark !== undefined &&
    (('gate' in mark && mark.gate === gate) || ('rechecks' in mark && mark.rechecks === gate))
  )
}

/** Every atomic state that the chart can reach without passing the gate. */
function reachedWithout(logic: AnyStateMachine, gate: string): Set<AnyStateNode> {
  const reached = new Set<AnyStateNode>()
  const open = entered(logic.root)
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (reached.has(node)) continue
    reached.add(node)
    if (isAt(node, gate)) continue
    for (let from: AnyStateNode | undefined = node; from !== undefined; from = from.parent)
      open.push(...left(from))
  }
  return reached
}

const left = (node: AnyStateNode): AnyStateNode[] =>
  [...node.transitions.values(), node.always ?? []]
    .flat()
    .flatMap(({ target = [] }) => (target as AnyStateNode[]).flatMap(entered))

/** The atomic states in which a run is after entering a node. A history node gives all of its siblings, because any may be remembered. */
function entered(node: AnyStateNode): AnyStateNode[] {
  if (node.type === 'history')
    return below(node.parent!).filter((other) => isLeaf(other) && other.type !== 'history')
  if (node.type === 'parallel')
    return Object.values(node.states).flatMap((child) => entered(child as AnyStateNode))
  if (isLeaf(node)) return [node]
  return node.initial.target.flatMap((target) => entered(target as AnyStateNode))
}
