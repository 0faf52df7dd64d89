import { type AnyMachineSnapshot, type AnyStateMachine, getNextTransitions, type StateNode } from 'xstate'
import { loadBuiltins } from '../../src/builtin/registry.ts'
import type { RunEvent } from '../../src/domain/history-entry.ts'
import { digestOf, type Json } from '../../src/domain/json.ts'
import type { MachineDefinition } from '../../src/machine/define.ts'

/** Charts walked by what they themselves say: which events a snapshot takes, and with which outcomes. */

/** The definitions of all machines that ship. */
export const shippedMachines = async (): Promise<MachineDefinition[]> =>
  (await loadBuiltins()).map(({ definition }) => definition)

// biome-ignore lint/suspicious/noExplicitAny: XState types a node by its chart; here it may be any.
export type AnyNode = StateNode<any, any>

export function nodesOf(logic: AnyStateMachine): AnyNode[] {
  const below = (node: AnyNode): AnyNode[] => [node, ...Object.values(node.states).flatMap(below)]
  return below(logic.root)
}

export const keyOf = ({ value }: Pick<AnyMachineSnapshot, 'value'>) => JSON.stringify(value)

/** Every event that a snapshot takes. An outcome that a guard reads comes with the same plan and with another. */
export function eventsOf(snapshot: AnyMachineSnapshot): RunEvent[] {
  if (snapshot.status !== 'active') return []
  const transitions = getNextTransitions(snapshot)
  const types = new Set(transitions.map(({ eventType }) => eventType))
  const guarded = new Set(
    transitions.filter(({ guard }) => guard !== undefined).map(({ eventType }) => eventType),
  )
  return [...types].flatMap((type) => {
    const [, kind, actorId] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(type) ?? []
    if (kind === 'error') return [failure(actorId!)]
    if (kind === undefined) return [decision(type)]
    if (!guarded.has(type)) return [success(actorId!)]
    const { planDigest } = snapshot.context as { planDigest: string }
    return [success(actorId!, { planDigest }), success(actorId!, { planDigest: digestOf('another plan') })]
  })
}

/** Phases that end in a plan say so; the others report nothing that moves the chart. */
const planned: { [phase: string]: Json } = {
  cutplan: { planDigest: digestOf('cut plan') },
  write_verify: { planDigest: digestOf('lifecycle plan') },
}

export const success = (actorId: string, output: Json = planned[actorId] ?? { of: actorId }): RunEvent => ({
  type: `xstate.done.actor.${actorId}`,
  actorId,
  output,
})

export const failure = (actorId: string): RunEvent => ({
  type: `xstate.error.actor.${actorId}`,
  actorId,
  error: { code: 'STOP_TARGET_UNREACHABLE', message: `${actorId} found no server` },
})

function decision(type: string): RunEvent {
  if (type === 'CANCEL') return { type, reason: 'no longer needed' }
  if (['APPROVE', 'REJECT', 'VOID'].includes(type))
    return { type, approvalId: 'ap-1', approver: 'alice@example.org' }
  return { type }
}
