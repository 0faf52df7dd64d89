import type { AnyMachineSnapshot } from 'xstate'
import type { Run, RunEvent, Standing } from '../domain/run.ts'
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
/** Not a CANCEL, which uses no approval. */
const checkEnded = ({ type }: RunEvent) => type.startsWith('xstate.')
const inContext = ({ snapshot }: LocatedSnapshot) => (snapshot.context as RunContext).approvalId ?? null
const waits = ({ mark }: LocatedSnapshot) => mark !== undefined && 'gate' in mark

/**
 * The approval that a transition uses up, if it is one. Leaving a gate goes on only by APPROVE, or by the last check that one led
 * to, and with the plan that was approved; whatever else leaves it must end the run as something else than succeeded. A chart
 * that would do otherwise is broken: no machine, whoever wrote it, can advance itself past a gate.
 */
export function findUsedApproval(
  machine: MachineDefinition,
  { before, after }: Move,
  event: RunEvent,
  previous: Run | null,
  standing: Standing,
): string | null {
  const checks = after.gate !== null && !waits(after)
  // Without any approval (an upgrade has voided it) the check leads back to the gate, whatever it finds.
  const holds = checks ? inContext(after) : null
  if (holds !== null && !staysAtGate({ before, after }))
    throw brokenMachineError(
      machine,
      `the gate ${after.gate}`,
      'its last check would begin without a decision there',
    )
  if (before === null || before.gate === null) return null
  const fault = (why: string) => brokenMachineError(machine, `the gate ${before.gate}`, why)
  const waiting = waits(before)
  if (staysAtGate({ before, after })) {
    if (waiting && checks && event.type !== 'APPROVE')
      throw fault(`${event.type} would lead to its last check without an approval`)
    if (holds !== null && holds !== (waiting ? decided(event) : inContext(before)))
      throw fault('its last check would hold another approval than the one that was brought')
    if (holds !== null && standing.planDigest !== previous?.planDigest)
      throw fault('its last check would hold an approval of another plan')
    return null
  }
  const brought = waiting ? decided(event) : checkEnded(event) ? inContext(before) : null
  if (standing.status === 'closed' && standing.outcome !== 'succeeded') return brought
  const held = inContext(after)
  if (held === null) throw fault('it would go on without an approval')
  if (waiting && event.type !== 'APPROVE') throw fault(`${event.type} would go on as if it were an approval`)
  if (!waiting && !event.type.startsWith('xstate.done.actor.'))
    throw fault(`${event.type} would go on though its last check did not end well`)
  if (held !== brought) throw fault('it would go on under another approval than the one that was brought')
  if (standing.planDigest !== previous?.planDigest)
    throw fault('it would go on with another plan than the one that was approved')
  return held
}

/**
 * A transition may take in events that the chart raises at once. None of them leads past a gate that it came to on the way: nobody
 * could have approved anything there, and no entry would show it.
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
    throw brokenMachineError(machine, `the gate ${place.gate}`, 'it would go past it within one step')
  }
}
