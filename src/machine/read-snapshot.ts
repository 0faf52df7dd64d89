import type { AnyMachineSnapshot } from 'xstate'
import { CutterError, type StopFacts } from '../domain/errors.ts'
import { findNotJson } from '../domain/find-not-json.ts'
import type { HistoryEntry, RunEvent, Status } from '../domain/history-entry.ts'
import type { Json } from '../domain/json.ts'
import { findModulePlace } from '../domain/module-files.ts'
import type { EntryMarks, Outcome, Run, Standing } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import type { StopCode } from '../domain/stop-codes.ts'
import { messageOfThrown, stackOfThrown } from '../domain/thrown.ts'
import type { MachineDefinition, RunContext, StateMeta } from './define.ts'

/** Reads XState's snapshots and actions. The casts that gaps in its types need are here and in transition.ts. */

export type Action = { type: string; params?: unknown }

/** A snapshot with its milestone and the `meta` of its state. It is read once, because XState's getters cost time. */
export interface LocatedSnapshot {
  snapshot: AnyMachineSnapshot
  milestone: string
  mark: StateMeta | undefined
  /** The gate at which the run waits, or for which it rechecks the world. */
  gate: string | null
}

/**
 * Reads the milestone and the `meta` of a snapshot.
 * @throws TypeError when two of its states have a `meta`.
 */
export function locateSnapshot(snapshot: AnyMachineSnapshot): LocatedSnapshot {
  const { value } = snapshot
  const marks = Object.values(snapshot.getMeta() as Record<string, StateMeta | undefined>)
  const [mark, another] = marks.filter((meta) => meta !== undefined)
  // In a parallel state the gate of one region could hide behind the meta of another.
  if (another !== undefined) throw new TypeError(`two marks at once in ${JSON.stringify(value)}`)
  const milestone = typeof value === 'string' ? value : Object.keys(value as object)[0]!
  return { snapshot, milestone, mark, gate: gateOf(mark) }
}

function gateOf(mark: StateMeta | undefined): string | null {
  if (mark === undefined) return null
  if ('gate' in mark) return mark.gate
  return 'rechecks' in mark ? mark.rechecks : null
}

/** Reads the state, status, gate, plan and outcome of a run from a snapshot. */
export function readStanding(
  { snapshot, milestone, mark }: LocatedSnapshot,
  previous: Run | null,
  event: RunEvent | null = null,
): Standing {
  const context = snapshot.context as RunContext
  const aside =
    mark !== undefined && 'closed' in mark && mark.closed !== 'succeeded' && mark.isMilestone !== true
  // One object of one shape for every status, because this is made at every step.
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
    standing.stop = context.stop ?? stopOfOutcome(event) ?? REASONLESS
    standing.stopCode = standing.stop.code
  } else {
    standing.status = 'closed'
    standing.outcome = mark.closed
  }
  return standing as Standing
}

const REASONLESS: StopFacts = {
  code: 'STOP_INTERNAL',
  message: 'the machine stopped without a reason',
  next: "correct the chart: what leads to a stop keeps the reason by the action 'stop' (onError: { target: 'stopped', actions: 'stop' })",
}

/** The stop of an effect that failed. A chart may lead to its stop without the action that keeps it. */
function stopOfOutcome(event: RunEvent | null): StopFacts | null {
  if (event === null || !event.type.startsWith('xstate.error.actor.')) return null
  const error = event.error as StopFacts | undefined
  return typeof error?.code === 'string' && typeof error.message === 'string' ? error : null
}

/** The name of the effect in flight. Null when there is none. */
function phaseOf({ children }: AnyMachineSnapshot): string | null {
  for (const id in children) {
    const { src } = children[id] as { src?: unknown }
    return typeof src === 'string' ? src : null
  }
  return null
}

/** A transition from one located snapshot to the next. `before` is null for the first step of a run. */
export interface Move {
  before: LocatedSnapshot | null
  after: LocatedSnapshot
}

/** Tells whether a transition neither leaves nor reaches a gate. */
export const staysAtGate = ({ before, after }: Move) =>
  before !== null && before.gate === after.gate && before.milestone === after.milestone

/**
 * The entry at which the run arrived at its gate. Entries that do not move the run (a recheck that found no difference, a refusal) keep
 * it, so that earlier statements stay valid. Another plan is another arrival.
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
 * Finds the facts that an entry records in addition to its event: the gate and plan of an arrival, the approval that was used, the
 * outcome. With them the history can be read, and a row compared with it, without the chart. Null when there are none.
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

/** Finds what keeps a chart's context from being saved and read again, or null: a run continues with what JSON gives back. */
export function findContextFault({ context }: AnyMachineSnapshot): string | null {
  const { output } = context as Partial<RunContext>
  if (typeof output !== 'object' || output === null) return 'its context has no output: {}'
  const notJson = findNotJson(context, 'context')
  return notJson === null ? null : `JSON cannot hold its context: ${notJson}`
}

/** What a step asks for. */
export type Requests = Pick<Step, 'effectsAsked' | 'effectsDropped' | 'timersAsked' | 'timersDropped'>

export const noRequests = (): Requests => ({
  effectsAsked: [],
  effectsDropped: [],
  timersAsked: [],
  timersDropped: [],
})

/** The requests of all actions of a transition. */
export function collectRequests(
  actions: Action[],
  facts: { at: string; effectDone?: string },
  invokes: Set<string>,
): Requests {
  const requests = noRequests()
  for (const action of actions) collectRequest(requests, action, facts, invokes)
  return requests
}

/**
 * Adds the request of one of XState's actions: an effect, a timer, or the end of one.
 * @param invokes the ids of all invokes of the chart
 * @throws INTERNAL for every other action and for spawned actors, because machines act through effects only
 */
function collectRequest(
  step: Requests,
  { type, params }: Action,
  facts: { at: string; effectDone?: string },
  invokes: Set<string>,
): void {
  if (type === 'xstate.spawnChild') {
    const { id, src, input } = params as { id: string; src: string; input?: Json }
    if (!invokes.has(id))
      throw new CutterError(
        'INTERNAL',
        `a state spawns the actor ${id}; work is an effect that a state invokes`,
      )
    const notJson = input === undefined ? null : findNotJson(input, 'input')
    if (notJson !== null)
      throw new CutterError('INTERNAL', `the chart gives the effect ${src} what JSON cannot hold: ${notJson}`)
    step.effectsAsked.push({ invokeId: id, name: src, input: input ?? null })
  } else if (type === 'xstate.stopChild') {
    const { id } = params as { id: string }
    if (id !== facts.effectDone) step.effectsDropped.push(id)
  } else if (type === 'xstate.raise') {
    const { id, delay, event } = params as { id: string; delay?: number; event: { type: string } }
    // Raised without a delay: XState has processed it already.
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

/** Builds the error of a chart that broke a rule of the engine, or that threw. */
export function brokenMachineError(machine: MachineDefinition, where: string, cause: unknown): CutterError {
  const place = findModulePlace(stackOfThrown(cause))
  const why = `${messageOfThrown(cause)}${place === null ? '' : ` (${place})`}`
  return new CutterError('INTERNAL', `machine ${machine.name} ${machine.version} broke at ${where}: ${why}`, {
    cause,
  })
}
