import { type AnyMachineSnapshot, createActor } from 'xstate'
import { CutterError } from '../domain/errors.ts'
import type { Evidence } from '../domain/evidence.ts'
import { genesisHash, hashEntry } from '../domain/history.ts'
import type { HistoryEntry, RunEvent } from '../domain/history-entry.ts'
import { digestOfBytes, type Json } from '../domain/json.ts'
import { RUN_ABANDONED, type Run, type RunIdentity, type Standing } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import { createActorScope } from './actor-scope.ts'
import { assertSameDefinition } from './assert-definition.ts'
import { invokeIds } from './chart-nodes.ts'
import { closedByRecord } from './closed-by-record.ts'
import type { Machine, RunContext } from './define.ts'
import { type EffectKinds, findEffectMarks } from './effect-marks.ts'
import { assertStopsAtGates, findUsedApproval } from './gate-transition.ts'
import { findLiveSnapshot, keepLiveSnapshot } from './live-snapshot.ts'
import {
  type Action,
  brokenMachineError,
  collectRequests,
  findContextFault,
  findEntryMarks,
  gateArrival,
  type LocatedSnapshot,
  locateSnapshot,
  noRequests,
  type Requests,
  readStanding,
} from './read-snapshot.ts'

/**
 * The only caller of XState's functions: machine + run + event → Step. Pure: nothing here reads a clock, makes an id or does IO.
 * XState's own actions are never executed. Effects and timers are read from them as data.
 *
 * Every cast that a gap in XState's types needs is here or in read-snapshot.ts, and test/machine/xstate.test.ts pins the names they rely on
 * (`xstate.spawnChild`, `xstate.stopChild`, `xstate.raise`, `xstate.cancel`, `xstate.done.actor.*`) to the installed version.
 */

/** What comes with an event. */
export interface StepFacts {
  at: string
  by: string
  /** Working time of this step, in milliseconds. */
  workedMs?: number
  /** The invoke whose outcome the event is. */
  effectDone?: string
  timerFired?: string
  evidence?: Evidence[]
  /** Facts recorded with the start. Other events carry their own. */
  readings?: { [key: string]: Json }
  /** Left out in a replay, whose events say it. */
  kindOf?: EffectKinds
}

/** Events with this prefix are records: they take a seq in the history and never reach the machine. */
export const RECORD = 'cutter.'
const START_EVENT = 'cutter.start'

/**
 * Builds the step that makes a run.
 * @throws INTERNAL when the chart throws, or leaves its first state at once.
 */
export function startStep(machine: Machine, identity: RunIdentity, facts: StepFacts): Step {
  const input = { runId: identity.runId, mode: identity.mode, input: identity.input }
  const { scope, actions, places } = createActorScope()
  const snapshot = machine.logic.getInitialSnapshot(scope, input as never) as AnyMachineSnapshot
  if (snapshot.status === 'error') throw brokenMachineError(machine, 'its first state', snapshot.error)
  if (places.length > 0)
    throw brokenMachineError(
      machine,
      'its first state',
      'it would leave that state at once, so that no snapshot would show it',
    )
  return buildStep(
    machine,
    { identity, previous: null, before: null },
    { type: START_EVENT, ...facts.readings },
    snapshot,
    actions,
    facts,
  )
}

/**
 * Builds the step by which a run takes an event.
 * @throws EVENT_REFUSED when the run's state has no transition for the event, MACHINE_CHANGED when the run is of another definition,
 * INTERNAL when the chart throws or breaks a rule of the engine.
 */
export function eventStep(machine: Machine, run: Run, event: RunEvent, facts: StepFacts): Step {
  const before = restore(machine, run)
  const { scope, actions, places } = createActorScope()
  let after: AnyMachineSnapshot
  try {
    const bare = withoutMarks(event)
    if (!takes(before.snapshot, run, bare)) throw refusedEvent(run, event)
    after = machine.logic.transition(before.snapshot, bare as never, scope) as AnyMachineSnapshot
  } catch (error) {
    // A guard or an assign of the machine threw.
    throw error instanceof CutterError ? error : brokenMachineError(machine, event.type, error)
  }
  if (after.status === 'error') throw brokenMachineError(machine, event.type, after.error)
  if (places.length > 1) assertStopsAtGates(machine, places.slice(0, -1), after)
  return buildStep(machine, { identity: run, previous: run, before }, event, after, actions, facts)
}

/** XState ignores an event that does not fit. Here it is refused, and a closed run takes no event at all. */
function takes(before: AnyMachineSnapshot, run: Run, event: RunEvent): boolean {
  return run.status !== 'closed' && (event.type.startsWith('xstate.') || before.can(event as never))
}

function refusedEvent(run: Run, event: RunEvent): CutterError {
  const message = `run ${run.runId} in ${run.state} (${run.status}) takes no ${event.type}`
  return new CutterError('EVENT_REFUSED', message, { next: `cutter run show ${run.runId}` })
}

/** Builds a step that only records an event. The snapshot stays as it is, byte for byte. A record moves the run only if it closes it. */
export function recordStep(run: Run, event: RunEvent, facts: StepFacts): Step {
  if (!event.type.startsWith(RECORD)) throw new TypeError(`${event.type} is not a record`)
  const standing = closedByRecord(run, event.type) ?? run
  const eventText = JSON.stringify(event)
  const entry = entryAfter(run, { event, eventText }, standing, run.snapshotDigest, facts)
  const moved = { ...standing, seq: entry.seq, head: entry.hash, updatedAt: facts.at }
  const approvalUsed = event.type === RUN_ABANDONED ? String(event.approvalUsed) : null
  return stepTo(moved, { entry, eventText, approvalUsed }, { evidence: facts.evidence ?? [] })
}

/** The id of the approval that a run holds while it continues, from its stored context. Null when it holds none. */
export function heldApprovalId(run: Run): string | null {
  const { snapshot } = JSON.parse(run.snapshot) as { snapshot: { context: RunContext } }
  return snapshot.context.approvalId ?? null
}

function restore(machine: Machine, run: Run): LocatedSnapshot {
  const live = findLiveSnapshot(run)
  if (live !== null) return live
  assertSameDefinition(machine, run)
  const envelope = JSON.parse(run.snapshot) as { snapshot: unknown }
  return restoreSnapshot(machine, envelope.snapshot, run.state)
}

/**
 * Restores a stored snapshot in a machine's chart.
 * @throws INTERNAL when the chart can't restore it. `state` names it in the message.
 */
export function restoreSnapshot(machine: Machine, stored: unknown, state: string): LocatedSnapshot {
  // `resolveState` would drop unfinished invokes; an actor that is never started keeps them and runs nothing.
  const snapshot = createActor(machine.logic, { snapshot: stored as never }).getSnapshot()
  if (snapshot.status === 'error')
    throw brokenMachineError(machine, `the stored state ${state}`, snapshot.error)
  return locateSnapshot(snapshot)
}

/** Builds the complete step that leads to a snapshot: the run, the history entry, and the requests for effects and timers. */
export function buildStep(
  machine: Machine,
  whose: { identity: RunIdentity; previous: Run | null; before: LocatedSnapshot | null },
  event: RunEvent,
  snapshot: AnyMachineSnapshot,
  actions: Action[],
  facts: StepFacts,
): Step {
  const { identity, previous, before } = whose
  const wrong = findContextFault(snapshot)
  if (wrong !== null) throw brokenMachineError(machine, event.type, wrong)
  const text = snapshotText(machine, identity, snapshot)
  const snapshotDigest = digestOfBytes(text)
  const move = { before, after: locateSnapshot(snapshot) }
  const standing = readStanding(move.after, previous, event)
  if (['paused', 'stopped'].includes(standing.status) && Object.keys(snapshot.children).length > 0)
    throw brokenMachineError(
      machine,
      standing.state,
      'it would rest there while an effect is still in flight',
    )
  const used = findUsedApproval(machine, move, event, previous, standing)
  const requests = collectRequests(actions, facts, invokeIds(machine.logic))
  const effectMarks = identity.mode === 'live' ? findEffectMarks(requests, event, facts.kindOf) : null
  const marks = findEntryMarks(move, previous, standing, used)
  const marked =
    marks === null && effectMarks === null
      ? withoutMarks(event)
      : { ...withoutMarks(event), ...effectMarks, ...marks }
  const eventText = JSON.stringify(marked)
  const saved = { event: marked, eventText }
  const entry = entryAfter(previous ?? identity, saved, standing, snapshotDigest, facts)
  const arrived = gateArrival(move, previous, standing, entry)
  const run = runAfter(identity, previous, { standing, arrived, entry, text, workedMs: facts.workedMs ?? 0 })
  keepLiveSnapshot(run, move.after)
  return stepTo(run, { entry, eventText, approvalUsed: used }, facts, requests)
}

/** A snapshot as the store keeps it, with the definition that can restore it. */
const snapshotText = (
  { name, version, logic }: Machine,
  { definitionDigest }: RunIdentity,
  snapshot: AnyMachineSnapshot,
) =>
  JSON.stringify({ machine: name, version, definitionDigest, snapshot: logic.getPersistedSnapshot(snapshot) })

interface RunFacts {
  standing: Standing
  arrived: Pick<Run, 'gateSeq' | 'gateHead'>
  entry: HistoryEntry
  /** The snapshot's text. */
  text: string
  workedMs: number
}

/** The run as it is after an entry. Its fields are listed, because spreading objects is slow on Node 20. */
const runAfter = (
  identity: RunIdentity,
  previous: Run | null,
  { standing, arrived, entry, text, workedMs }: RunFacts,
): Run =>
  ({
    runId: identity.runId,
    machine: identity.machine,
    version: identity.version,
    definitionDigest: identity.definitionDigest,
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
    updatedAt: entry.at,
    workedMs: (previous?.workedMs ?? 0) + Math.round(workedMs),
    snapshot: text,
    snapshotDigest: entry.snapshotDigest,
    head: entry.hash,
  }) as Run

/** A step to a run. A record has no requests. */
const stepTo = (
  run: Run,
  { entry, eventText, approvalUsed }: Pick<Step, 'entry' | 'eventText' | 'approvalUsed'>,
  { effectDone, timerFired, evidence }: Pick<StepFacts, 'effectDone' | 'timerFired' | 'evidence'>,
  requests: Requests = noRequests(),
): Step => {
  const { effectsAsked, effectsDropped, timersAsked, timersDropped } = requests
  if (timerFired !== undefined) timersDropped.unshift(timerFired)
  return {
    run,
    entry,
    eventText,
    effectDone: effectDone ?? null,
    effectsAsked,
    effectsDropped,
    timersAsked,
    timersDropped,
    approvalUsed,
    evidence: evidence ?? [],
  }
}

const MARKS = ['arrival', 'approvalUsed', 'outcome', 'effectsAsked', 'effectsDropped']

/**
 * In a replay the event has its recorded facts already. The chart did not see them, and the facts of its way must result from the step again.
 */
function withoutMarks(event: RunEvent): RunEvent {
  if (!MARKS.some((mark) => event[mark] !== undefined)) return event
  return Object.fromEntries(Object.entries(event).filter(([field]) => !MARKS.includes(field))) as RunEvent
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
