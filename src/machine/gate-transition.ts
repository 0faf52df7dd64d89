import type { AnyMachineSnapshot } from 'xstate'
import type { RunEvent } from '../domain/history-entry.ts'
import type { Run, Standing } from '../domain/run.ts'
import type { MachineDefinition, RunContext } from './define.ts'
import {
  brokenMachineError,
  type LocatedSnapshot,
  locateSnapshot,
  type Move,
  staysAtGate,
} from './read-snapshot.ts'

const decided = ({ type, approvalId }: RunEvent) =>
  type === 'APPROVE' || type === 'REJECT' || type === 'VOID' ? (approvalId as string) : null
/** A CANCEL does not count: it uses no approval. */
const checkEnded = ({ type }: RunEvent) => type.startsWith('xstate.')
const inContext = ({ snapshot }: LocatedSnapshot) => (snapshot.context as RunContext).approvalId ?? null
const waits = ({ mark }: LocatedSnapshot) => mark !== undefined && 'gate' in mark

/**
 * Finds the approval that a transition uses up. Null when it uses none. A run leaves a gate and continues only by APPROVE, or by the
 * recheck that APPROVE led to, and with the plan that was approved. Every other way out must close the run, and not as succeeded.
 * @throws INTERNAL when a chart would do otherwise: no machine, whoever wrote it, can advance itself past a gate.
 */
export function findUsedApproval(
  machine: MachineDefinition,
  { before, after }: Move,
  event: RunEvent,
  previous: Run | null,
  standing: Standing,
): string | null {
  const checks = after.gate !== null && !waits(after)
  // Without an approval (an upgrade has voided it) the recheck leads back to the gate, whatever it finds.
  const holds = checks ? inContext(after) : null
  if (holds !== null && !staysAtGate({ before, after }))
    throw brokenMachineError(
      machine,
      `the gate ${after.gate}`,
      'its recheck would start without a decision there',
    )
  if (before === null || before.gate === null) return null
  const fault = (why: string) => brokenMachineError(machine, `the gate ${before.gate}`, why)
  const waiting = waits(before)
  if (staysAtGate({ before, after })) {
    if (waiting && checks && event.type !== 'APPROVE')
      throw fault(`${event.type} would lead to its recheck without an approval`)
    if (holds !== null && holds !== (waiting ? decided(event) : inContext(before)))
      throw fault('its recheck would hold another approval than the one that was given')
    if (holds !== null && standing.planDigest !== previous?.planDigest)
      throw fault('its recheck would hold an approval of another plan')
    return null
  }
  const brought = waiting ? decided(event) : checkEnded(event) ? inContext(before) : null
  if (standing.status === 'closed' && standing.outcome !== 'succeeded') return brought
  const held = inContext(after)
  if (held === null) throw fault('the run would continue without an approval')
  if (waiting && event.type !== 'APPROVE')
    throw fault(`${event.type} would continue the run as if it were an approval`)
  if (!waiting && !event.type.startsWith('xstate.done.actor.'))
    throw fault(`${event.type} would continue the run although its recheck has failed`)
  if (held !== brought)
    throw fault('the run would continue under another approval than the one that was given')
  if (standing.planDigest !== previous?.planDigest)
    throw fault('the run would continue with another plan than the one that was approved')
  return held
}

/**
 * Asserts that a transition stops at each gate that it reaches. A transition includes the events that the chart raises at once. None
 * of them may lead past a gate on the way: nobody could approve there, and no history entry would show it.
 * @throws INTERNAL when a chart would pass a gate within one step.
 */
export function assertStopsAtGates(
  machine: MachineDefinition,
  onTheWay: AnyMachineSnapshot[],
  end: AnyMachineSnapshot,
): void {
  const after = locateSnapshot(end)
  for (const snapshot of onTheWay) {
    const place = locateSnapshot(snapshot)
    if (!waits(place) || (waits(after) && staysAtGate({ before: place, after }))) continue
    throw brokenMachineError(machine, `the gate ${place.gate}`, 'the run would pass it within one step')
  }
}
