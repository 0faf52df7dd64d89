import type { AnyMachineSnapshot } from 'xstate'
import { CutterError, type StopFacts } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import type { EntryMarks, HistoryEntry, Outcome, Run, Standing, Status } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import type { StopCode } from '../domain/stop-codes.ts'
import type { MachineDefinition, RunContext, StateMeta } from './define.ts'

/** What is read off XState's snapshots and actions. The casts round gaps in its types are here and in step.ts. */

export type Action = { type: string; params?: unknown }

/** A snapshot with what its chart says of the state it is in; read once, since XState's readings are not free. */
export interface LocatedSnapshot {
  snapshot: AnyMachineSnapshot
  milestone: string
  mark: StateMeta | undefined
  /** The gate at which it waits, or for which it looks at the world once more. */
  gate: string | null
}

export function locateSnapshot(snapshot: AnyMachineSnapshot): LocatedSnapshot {
  const { value } = snapshot
  const marks = Object.values(snapshot.getMeta() as Record<string, StateMeta | undefined>)
  const [mark, another] = marks.filter((meta) => meta !== undefined)
  // In a parallel state one region's gate could hide behind another's mark.
  if (another !== undefined) throw new TypeError(`two marks at once in ${JSON.stringify(value)}`)
  const milestone = typeof value === 'string' ? value : Object.keys(value as object)[0]!
  return { snapshot, milestone, mark, gate: gateOf(mark) }
}

function gateOf(mark: StateMeta | undefined): string | null {
  if (mark === undefined) return null
  if ('gate' in mark) return mark.gate
  return 'rechecks' in mark ? mark.rechecks : null
}

/** Where a run stands. */
export function readStanding({ snapshot, milestone, mark }: LocatedSnapshot, previous: Run | null): Standing {
  const context = snapshot.context as RunContext
  const aside = mark !== undefined && 'closed' in mark && mark.closed !== 'succeeded'
  // One object of one shape, whatever the status: this is made at every step.
  const standing = {
    state: aside && previous !== null ? previous.state : milestone,
    phase: null as string | null,
    output: context.output as Json,
    planDigest: context.planDigest,
    status: 'working' as Status,
    stopCode: null as StopCode | null,
    outcome: null as Outcome | null,
    gate: null as string | null,
    stop: null as StopFacts | null,
  }
  if (mark === undefined || 'rechecks' in mark) {
    standing.phase = phaseOf(snapshot)
  } else if ('gate' in mark) {
    standing.status = 'paused'
    standing.stopCode = 'STOP_APPROVAL_REQUIRED'
    standing.gate = mark.gate
  } else if ('stopped' in mark) {
    standing.status = 'stopped'
    standing.phase = previous?.phase ?? null
    standing.stop = context.stop ?? { code: 'STOP_INTERNAL', message: 'the machine stopped without a reason' }
    standing.stopCode = standing.stop.code
  } else {
    standing.status = 'closed'
    standing.outcome = mark.closed
  }
  return standing as Standing
}

/** The effect in flight, by the name of what is invoked. */
function phaseOf({ children }: AnyMachineSnapshot): string | null {
  for (const id in children) {
    const { src } = children[id] as { src?: unknown }
    return typeof src === 'string' ? src : null
  }
  return null
}

/** A transition from one located snapshot to the next; the first of a run comes from nowhere. */
export interface Move {
  before: LocatedSnapshot | null
  after: LocatedSnapshot
}

/** Whether a transition neither leaves a gate nor comes to one. */
export const staysAtGate = ({ before, after }: Move) =>
  before !== null && before.gate === after.gate && before.milestone === after.milestone

/**
 * Which entry arrived at the gate. Entries that don't move the run (a recheck that found nothing new, a refusal) leave it, so
 * that statements made for it stay valid; another plan is another arrival.
 */
export function gateArrival(
  move: Move,
  previous: Run | null,
  standing: Standing,
  entry: HistoryEntry,
): Pick<Run, 'gateSeq' | 'gateHead'> {
  if (move.after.gate === null) return { gateSeq: null, gateHead: null }
  if (arrives(move, previous, standing)) return { gateSeq: entry.seq, gateHead: entry.hash }
  return { gateSeq: previous!.gateSeq, gateHead: previous!.gateHead }
}

function arrives(move: Move, previous: Run | null, { planDigest }: Standing): boolean {
  if (move.after.gate === null) return false
  return previous === null || previous.planDigest !== planDigest || !staysAtGate(move)
}

/**
 * What an entry says of itself beside its event, so that the history can be read, and a row be held against it, without the
 * chart: at which gate the run arrived and with which plan, which approval was used up, how the run ended.
 */
export function findEntryMarks(
  move: Move,
  previous: Run | null,
  standing: Standing,
  approvalUsed: string | null,
): EntryMarks | null {
  const { planDigest, outcome } = standing
  const marked = approvalUsed !== null || outcome !== null || arrives(move, previous, standing)
  if (!marked) return null
  return {
    ...(arrives(move, previous, standing) ? { arrival: { gate: move.after.gate!, planDigest } } : {}),
    ...(approvalUsed === null ? {} : { approvalUsed }),
    ...(outcome === null ? {} : { outcome }),
  }
}

/** What the transition asks of the world, read off one of XState's actions. */
export function collectRequest(
  step: Step,
  { type, params }: Action,
  facts: { at: string; effectDone?: string },
): void {
  if (type === 'xstate.spawnChild') {
    const { id, src, input } = params as { id: string; src: string; input?: Json }
    step.effectsAsked.push({ invokeId: id, name: src, input: input ?? null })
  } else if (type === 'xstate.stopChild') {
    const { id } = params as { id: string }
    if (id !== facts.effectDone) step.effectsDropped.push(id)
  } else if (type === 'xstate.raise') {
    const { id, delay, event } = params as { id: string; delay?: number; event: { type: string } }
    // Raised without a delay: XState has taken it in already.
    if (delay === undefined) return
    const dueAt = new Date(Date.parse(facts.at) + delay).toISOString()
    step.timersAsked.push({ timerId: id, dueAt, event })
  } else if (type === 'xstate.cancel') {
    step.timersDropped.push((params as { sendId: string }).sendId)
  } else {
    throw new CutterError(
      'INTERNAL',
      `the machine asks for the action ${type}; machines act through effects only`,
    )
  }
}

export function brokenMachineError(machine: MachineDefinition, where: string, cause: unknown): CutterError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new CutterError('INTERNAL', `machine ${machine.name} ${machine.version} broke at ${where}: ${why}`, {
    cause,
  })
}
