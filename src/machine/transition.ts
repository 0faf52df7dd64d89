import { type AnyMachineSnapshot, createActor } from 'xstate'
import { CutterError } from '../domain/errors.ts'
import type { Evidence } from '../domain/evidence.ts'
import { genesisHash, hashEntry } from '../domain/history.ts'
import { digestOfBytes, type Json } from '../domain/json.ts'
import {
  type HistoryEntry,
  identityOf,
  type Run,
  type RunEvent,
  type RunIdentity,
  type Standing,
} from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import { createActorScope } from './actor-scope.ts'
import { assertSameDefinition } from './assert-definition.ts'
import type { Machine, RunContext } from './define.ts'
import { assertStopsAtGates, findUsedApproval } from './gate-transition.ts'
import {
  type Action,
  brokenMachineError,
  collectRequest,
  findEntryMarks,
  gateArrival,
  type LocatedSnapshot,
  locateSnapshot,
  readStanding,
} from './read-snapshot.ts'

/**
 * The only home of XState's functions: machine + run + event → Step. Pure: nothing here reads a clock, mints an id or
 * touches anything. XState's own actions are never executed; effects and timers are read off them as data.
 *
 * Every cast round a gap in XState's types is here or in read.ts, and test/machine/xstate.test.ts pins the names they rely on
 * (`xstate.spawnChild`, `xstate.stopChild`, `xstate.raise`, `xstate.cancel`, `xstate.done.actor.*`) to the installed version.
 */

/** What comes with an event beside the event itself. */
export interface StepFacts {
  at: string
  by: string
  /** Working time that this step took, in milliseconds. */
  workedMs?: number
  /** The invoke whose outcome the event is. */
  effectDone?: string
  timerFired?: string
  evidence?: Evidence[]
  /** Facts recorded with the start; other events carry theirs themselves. */
  readings?: { [key: string]: Json }
}

/** Events of this prefix are records: they take a seq in the history and never reach the machine. */
const RECORD = 'cutter.'
export const START_EVENT = 'cutter.start'
/** Closes a run whose own chart is no longer installed, so that nothing else could close it. */
export const ABANDONED = 'cutter.abandoned'

// The live snapshot travels with the run that was made from it and spares the restore between the steps of one process. JSON
// knows nothing of it; its digest tells when it belongs to another step. (A WeakMap did the same and cost a third of the time.)
const LIVE = Symbol('live snapshot')
interface Live {
  digest: string
  located: LocatedSnapshot
}

/** The step that makes a run. */
export function startStep(machine: Machine, identity: RunIdentity, facts: StepFacts): Step {
  const input = { runId: identity.runId, mode: identity.mode, input: identity.input }
  const { scope, actions, places } = createActorScope()
  const snapshot = machine.logic.getInitialSnapshot(scope, input as never) as AnyMachineSnapshot
  if (snapshot.status === 'error') throw brokenMachineError(machine, 'its first state', snapshot.error)
  if (places.length > 0)
    throw brokenMachineError(machine, 'its first state', 'it would hurry on from there, past what it is')
  return buildStep(
    machine,
    { identity, previous: null, before: null },
    { type: START_EVENT, ...facts.readings },
    snapshot,
    actions,
    facts,
  )
}

/** The step by which a run takes in an event. Refuses (EVENT_REFUSED) one for which its state has no transition. */
export function eventStep(machine: Machine, run: Run, event: RunEvent, facts: StepFacts): Step {
  const before = restore(machine, run)
  const { scope, actions, places } = createActorScope()
  let after: AnyMachineSnapshot
  try {
    if (!takes(before.snapshot, run, event)) throw refusedEvent(run, event)
    after = machine.logic.transition(before.snapshot, event as never, scope) as AnyMachineSnapshot
  } catch (error) {
    // A guard or an assign of the machine threw.
    throw error instanceof CutterError ? error : brokenMachineError(machine, event.type, error)
  }
  if (after.status === 'error') throw brokenMachineError(machine, event.type, after.error)
  if (places.length > 1) assertStopsAtGates(machine, places.slice(0, -1), after)
  return buildStep(machine, { identity: run, previous: run, before }, event, after, actions, facts)
}

/** XState ignores an event that does not fit; a mistyped approval must not vanish, and a closed run takes nothing at all. */
function takes(before: AnyMachineSnapshot, run: Run, event: RunEvent): boolean {
  return run.status !== 'closed' && (event.type.startsWith('xstate.') || before.can(event as never))
}

function refusedEvent(run: Run, event: RunEvent): CutterError {
  const message = `run ${run.runId} in ${run.state} (${run.status}) takes no ${event.type}`
  return new CutterError('EVENT_REFUSED', message, { next: `cutter run show ${run.runId}` })
}

/** A step that only records something: the snapshot stays, byte for byte, and but for ABANDONED the run stands where it stood. */
export function recordStep(run: Run, event: RunEvent, facts: StepFacts): Step {
  if (!event.type.startsWith(RECORD)) throw new TypeError(`${event.type} is not a record`)
  const standing = event.type === ABANDONED ? abandoned(run) : run
  const eventText = JSON.stringify(event)
  const entry = entryAfter(run, { event, eventText }, standing, run.snapshotDigest, facts)
  return {
    run: { ...standing, seq: entry.seq, head: entry.hash, updatedAt: facts.at },
    entry,
    eventText,
    effectDone: null,
    effectsAsked: [],
    effectsDropped: [],
    timersAsked: [],
    timersDropped: [],
    approvalUsed: null,
    evidence: facts.evidence ?? [],
  }
}

const abandoned = (run: Run): Run => ({
  ...run,
  ...{ status: 'closed', outcome: 'cancelled', phase: null, stopCode: null, stop: null },
  ...{ gate: null, gateSeq: null, gateHead: null },
})

/**
 * Replays a history from its start, or from where a run stood after an earlier entry: the digests of its snapshots, which must
 * be those that the entries carry. `onStep` is told of each step, with what it asks for.
 */
export function replayHistory(
  machine: Machine,
  whose: RunIdentity,
  entries: HistoryEntry[],
  from: Run | null = null,
  onStep?: (step: Step) => void,
): Run {
  const identity = identityOf(whose)
  let run = from
  for (const entry of entries) {
    const facts = { at: entry.at, by: entry.by }
    const { type: _, ...readings } = entry.event
    let step: Step
    if (run === null) step = startStep(machine, identity, { ...facts, readings })
    else if (entry.event.type.startsWith(RECORD)) step = recordStep(run, entry.event, facts)
    else step = eventStep(machine, run, entry.event, facts)
    run = step.run
    if (run.snapshotDigest !== entry.snapshotDigest || run.head !== entry.hash) {
      throw new CutterError(
        'STORE_TAMPERED',
        `replaying run ${identity.runId} gives another snapshot at entry ${entry.seq}`,
      )
    }
    onStep?.(step)
  }
  if (run === null) throw new CutterError('STORE_TAMPERED', `run ${identity.runId} has no history`)
  return run
}

/** The approval that a run has taken up and holds while it goes on, as its stored context says. */
export function heldApprovalId(run: Run): string | null {
  const { snapshot } = JSON.parse(run.snapshot) as { snapshot: { context: RunContext } }
  return snapshot.context.approvalId ?? null
}

function restore(machine: Machine, run: Run): LocatedSnapshot {
  const live = (run as { [LIVE]?: Live })[LIVE]
  if (live?.digest === run.snapshotDigest) return live.located
  assertSameDefinition(machine, run)
  const envelope = JSON.parse(run.snapshot) as { snapshot: unknown }
  return restoreSnapshot(machine, envelope.snapshot, run.state)
}

/** A stored snapshot, alive again in a machine's chart. */
export function restoreSnapshot(machine: Machine, stored: unknown, state: string): LocatedSnapshot {
  // `resolveState` would drop unfinished invokes; an actor that is never started keeps them and runs nothing.
  const snapshot = createActor(machine.logic, { snapshot: stored as never }).getSnapshot()
  if (snapshot.status === 'error')
    throw brokenMachineError(machine, `the stored state ${state}`, snapshot.error)
  return locateSnapshot(snapshot)
}

/** The whole step that leads to a snapshot: the run as it stands then, the entry, and what is asked of the world. */
export function buildStep(
  machine: Machine,
  whose: { identity: RunIdentity; previous: Run | null; before: LocatedSnapshot | null },
  event: RunEvent,
  snapshot: AnyMachineSnapshot,
  actions: Action[],
  facts: StepFacts,
): Step {
  const { identity, previous, before } = whose
  const persisted = machine.logic.getPersistedSnapshot(snapshot)
  const { definitionDigest } = identity
  const text = JSON.stringify({
    machine: machine.name,
    version: machine.version,
    definitionDigest,
    snapshot: persisted,
  })
  const snapshotDigest = digestOfBytes(text)
  const move = { before, after: locateSnapshot(snapshot) }
  const standing = readStanding(move.after, previous)
  if (['paused', 'stopped'].includes(standing.status) && Object.keys(snapshot.children).length > 0)
    throw brokenMachineError(
      machine,
      standing.state,
      'it would rest there while an effect is still in flight',
    )
  const used = findUsedApproval(machine, move, event, previous, standing)
  const marks = findEntryMarks(move, previous, standing, used)
  const marked = marks === null ? withoutMarks(event) : { ...withoutMarks(event), ...marks }
  const eventText = JSON.stringify(marked)
  const entry = entryAfter(
    previous ?? identity,
    { event: marked, eventText },
    standing,
    snapshotDigest,
    facts,
  )
  const arrived = gateArrival(move, previous, standing, entry)
  const run = {
    runId: identity.runId,
    machine: identity.machine,
    version: identity.version,
    definitionDigest,
    mode: identity.mode,
    input: identity.input,
    startKey: identity.startKey,
    startedBy: identity.startedBy,
    osUser: identity.osUser,
    startedAt: identity.startedAt,
    state: standing.state,
    phase: standing.phase,
    output: standing.output,
    planDigest: standing.planDigest,
    status: standing.status,
    stopCode: standing.stopCode,
    outcome: standing.outcome,
    gate: standing.gate,
    stop: standing.stop,
    gateSeq: arrived.gateSeq,
    gateHead: arrived.gateHead,
    seq: entry.seq,
    updatedAt: facts.at,
    workedMs: (previous?.workedMs ?? 0) + Math.round(facts.workedMs ?? 0),
    snapshot: text,
    snapshotDigest,
    head: entry.hash,
    [LIVE]: { digest: snapshotDigest, located: move.after } satisfies Live,
  } as Run
  const step: Step = {
    run,
    entry,
    eventText,
    effectDone: facts.effectDone ?? null,
    effectsAsked: [],
    effectsDropped: [],
    timersAsked: [],
    timersDropped: facts.timerFired === undefined ? [] : [facts.timerFired],
    approvalUsed: used,
    evidence: facts.evidence ?? [],
  }
  for (const action of actions) collectRequest(step, action, facts)
  return step
}

/** In a replay the event has its marks already: they must come out of it anew. */
function withoutMarks(event: RunEvent): RunEvent {
  if (event.arrival === undefined && event.approvalUsed === undefined && event.outcome === undefined)
    return event
  const { arrival: _, approvalUsed: __, outcome: ___, ...bare } = event
  return bare as RunEvent
}

function entryAfter(
  before: Run | RunIdentity,
  { event, eventText }: { event: RunEvent; eventText: string },
  standing: Standing,
  snapshotDigest: string,
  facts: StepFacts,
): HistoryEntry {
  const entry: HistoryEntry = {
    seq: 'seq' in before ? before.seq + 1 : 1,
    at: facts.at,
    event,
    by: facts.by,
    state: standing.state,
    status: standing.status,
    snapshotDigest,
    previousHash: 'head' in before ? before.head : genesisHash(before),
    hash: '',
  }
  entry.hash = hashEntry(entry, eventText)
  return entry
}
