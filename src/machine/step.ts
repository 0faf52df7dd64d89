import { type AnyActorScope, type AnyMachineSnapshot, createActor, fromTransition } from 'xstate'
import { CutterError, type StopFacts } from '../domain/errors.ts'
import type { Evidence } from '../domain/evidence.ts'
import { genesisOf, hashOf } from '../domain/history.ts'
import { digestOfBytes, type Json } from '../domain/json.ts'
import type { HistoryEntry, Run, RunEvent, RunIdentity, Standing } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import type { MachineDefinition, RunContext, StateMeta } from './define.ts'

/**
 * The only home of XState's functions: machine + run + event → Step. Pure: nothing here reads a clock, mints an id or
 * touches anything. XState's own actions are never executed; effects and timers are read off them as data.
 *
 * Every cast round a gap in XState's types is in this file, and test/machine/step.test.ts pins the names they rely on
 * (`xstate.spawnChild`, `xstate.stopChild`, `xstate.raise`, `xstate.cancel`, `xstate.done.actor.*`) to the installed version.
 */

/** A definition whose digest is known: what a run is started under and must be resumed under. */
export interface Machine extends MachineDefinition {
  definitionDigest: string
}

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

// The live snapshot travels with the run that was made from it and spares the restore between the steps of one process. It
// can't be enumerated, so copies and JSON know nothing of it. (A WeakMap did the same and cost a third of the time in GC.)
const LIVE = Symbol('live snapshot')

/** The step that makes a run. */
export function first(machine: Machine, identity: RunIdentity, facts: StepFacts): Step {
  const input = { runId: identity.runId, mode: identity.mode, input: identity.input }
  const { scope, actions } = inertScope()
  const snapshot = machine.logic.getInitialSnapshot(scope, input as never) as AnyMachineSnapshot
  if (snapshot.status === 'error') throw broken(machine, 'its first state', snapshot.error)
  return complete(
    machine,
    { identity, previous: null },
    { type: START_EVENT, ...facts.readings },
    snapshot,
    actions,
    facts,
  )
}

/** The step by which a run takes in an event. Refuses (EVENT_REFUSED) one for which its state has no transition. */
export function next(machine: Machine, run: Run, event: RunEvent, facts: StepFacts): Step {
  const before = restore(machine, run)
  // XState ignores an event that does not fit; a mistyped approval must not vanish.
  if (!isOutcomeOrTimer(event) && !before.can(event as never)) {
    throw new CutterError(
      'EVENT_REFUSED',
      `run ${run.runId} in ${run.state} (${run.status}) takes no ${event.type}`,
      {
        next: `cutter run show ${run.runId}`,
      },
    )
  }
  const { scope, actions } = inertScope()
  const after = machine.logic.transition(before, event as never, scope) as AnyMachineSnapshot
  if (after.status === 'error') throw broken(machine, event.type, after.error)
  return complete(machine, { identity: run, previous: run }, event, after, actions, facts)
}

/** A step that only records something: the snapshot stays, byte for byte. */
export function record(run: Run, event: RunEvent, facts: StepFacts): Step {
  if (!event.type.startsWith(RECORD)) throw new TypeError(`${event.type} is not a record`)
  const entry = entryAfter(run, event, run, run.snapshotDigest, facts)
  return {
    run: { ...run, seq: entry.seq, head: entry.hash, updatedAt: facts.at },
    entry,
    effectDone: null,
    effectsAsked: [],
    effectsDropped: [],
    timersAsked: [],
    timersDropped: [],
    approvalUsed: null,
    evidence: facts.evidence ?? [],
  }
}

/** Replays a history from its start: the digests of its snapshots, which must be those that the entries carry. */
export function replay(machine: Machine, whose: RunIdentity, entries: HistoryEntry[]): Run {
  const identity = identityOf(whose)
  let run: Run | null = null
  for (const entry of entries) {
    const facts = { at: entry.at, by: entry.by }
    const { type: _, ...readings } = entry.event
    if (run === null) run = first(machine, identity, { ...facts, readings }).run
    else if (entry.event.type.startsWith(RECORD)) run = record(run, entry.event, facts).run
    else run = next(machine, run, entry.event, facts).run
    if (run.snapshotDigest !== entry.snapshotDigest || run.head !== entry.hash) {
      throw new CutterError(
        'STORE_TAMPERED',
        `replaying run ${identity.runId} gives another snapshot at entry ${entry.seq}`,
      )
    }
  }
  if (run === null) throw new CutterError('STORE_TAMPERED', `run ${identity.runId} has no history`)
  return run
}

/** Refuses a run that was started under another definition than the one installed. */
export function refuseOtherDefinition(machine: Machine, run: Run): void {
  if (run.definitionDigest === machine.definitionDigest) return
  throw new CutterError(
    'MACHINE_CHANGED',
    `run ${run.runId} was started under machine ${run.machine} ${run.version} (${short(run.definitionDigest)}); ` +
      `installed is ${machine.name} ${machine.version} (${short(machine.definitionDigest)}). Nothing was touched.`,
    { next: `go on with the version of Cutter that started it, or: cutter run cancel ${run.runId}` },
  )
}

const short = (digest: string) => digest.slice(0, 19)

function restore(machine: Machine, run: Run): AnyMachineSnapshot {
  const known = (run as { [LIVE]?: AnyMachineSnapshot })[LIVE]
  if (known !== undefined) return known
  refuseOtherDefinition(machine, run)
  const envelope = JSON.parse(run.snapshot) as { snapshot: unknown }
  // `resolveState` would drop unfinished invokes; an actor that is never started keeps them and runs nothing.
  const snapshot = createActor(machine.logic, { snapshot: envelope.snapshot as never }).getSnapshot()
  if (snapshot.status === 'error') throw broken(machine, `the stored state ${run.state}`, snapshot.error)
  return snapshot
}

type Action = { type: string; params?: unknown }

const nobody = fromTransition((state: null) => state, null)

/**
 * The scope in which XState computes a transition and hands its actions to us instead of executing them: what its own
 * `initialTransition` and `transition` make, but round a trivial actor. Theirs first computes the machine's whole initial
 * state each time, which costs more than the transition. test/machine/step.test.ts holds that the results are the same.
 */
function inertScope(): { scope: AnyActorScope; actions: Action[] } {
  const self = createActor(nobody)
  const actions: Action[] = []
  const ignore = () => {}
  const scope = {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    defer: ignore,
    logger: ignore,
    stopChild: ignore,
    emit: ignore,
    actionExecutor: (action: Action) => actions.push(action),
  }
  return { scope: scope as unknown as AnyActorScope, actions }
}

function complete(
  machine: Machine,
  whose: { identity: RunIdentity; previous: Run | null },
  event: RunEvent,
  snapshot: AnyMachineSnapshot,
  actions: Action[],
  facts: StepFacts,
): Step {
  const { identity, previous } = whose
  const persisted = machine.logic.getPersistedSnapshot(snapshot)
  const { definitionDigest } = identity
  const text = JSON.stringify({
    machine: machine.name,
    version: machine.version,
    definitionDigest,
    snapshot: persisted,
  })
  const snapshotDigest = digestOfBytes(text)
  const standing = standingOf(snapshot, previous)
  const entry = entryAfter(previous ?? identity, event, standing, snapshotDigest, facts)
  const arrived = arrival(markOf(snapshot), previous, standing, entry)
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
    [LIVE]: snapshot,
  } as Run
  const step: Step = {
    run,
    entry,
    effectDone: facts.effectDone ?? null,
    effectsAsked: [],
    effectsDropped: [],
    timersAsked: [],
    timersDropped: facts.timerFired === undefined ? [] : [facts.timerFired],
    approvalUsed: approvalUsed(machine, previous, run, snapshot),
    evidence: facts.evidence ?? [],
  }
  for (const action of actions) ask(step, action, facts)
  return step
}

function entryAfter(
  before: Run | RunIdentity,
  event: RunEvent,
  standing: Standing,
  snapshotDigest: string,
  facts: StepFacts,
): HistoryEntry {
  const entry = {
    seq: 'seq' in before ? before.seq + 1 : 1,
    at: facts.at,
    event,
    by: facts.by,
    state: standing.state,
    status: standing.status,
    snapshotDigest,
    previousHash: 'head' in before ? before.head : genesisOf(before),
  }
  return { ...entry, hash: hashOf(entry) }
}

function standingOf(snapshot: AnyMachineSnapshot, previous: Run | null): Standing {
  const context = snapshot.context as RunContext
  const mark = markOf(snapshot)
  const [child] = Object.values(snapshot.children) as { src?: unknown }[]
  const reached = typeof snapshot.value === 'string' ? snapshot.value : Object.keys(snapshot.value)[0]!
  const aside = mark !== undefined && 'closed' in mark && mark.closed !== 'succeeded'
  const state = aside && previous !== null ? previous.state : reached
  const facts = { state, output: context.output as Json, planDigest: context.planDigest }
  if (mark === undefined || 'rechecks' in mark) {
    const phase = typeof child?.src === 'string' ? child.src : null
    return { ...facts, phase, status: 'working', stopCode: null, outcome: null, gate: null, stop: null }
  }
  if ('gate' in mark) {
    const stopCode = 'STOP_APPROVAL_REQUIRED'
    return { ...facts, phase: null, status: 'paused', stopCode, outcome: null, gate: mark.gate, stop: null }
  }
  if ('stopped' in mark) {
    const stop: StopFacts = context.stop ?? {
      code: 'STOP_INTERNAL',
      message: 'the machine stopped without a reason',
    }
    const phase = previous?.phase ?? null
    return { ...facts, phase, status: 'stopped', stopCode: stop.code, outcome: null, gate: null, stop }
  }
  return {
    ...facts,
    phase: null,
    status: 'closed',
    stopCode: null,
    outcome: mark.closed,
    gate: null,
    stop: null,
  }
}

/**
 * Which entry arrived at the gate. Entries that don't move the run (a recheck that found nothing new, a refusal) leave it, so
 * that statements made for it stay valid; another plan is another arrival.
 */
function arrival(mark: StateMeta | undefined, previous: Run | null, run: Standing, entry: HistoryEntry) {
  const atGate = mark !== undefined && ('gate' in mark || 'rechecks' in mark)
  if (!atGate) return { gateSeq: null, gateHead: null }
  const stays = previous !== null && previous.gateSeq !== null && previous.state === run.state
  if (stays && previous.planDigest === run.planDigest)
    return { gateSeq: previous.gateSeq, gateHead: previous.gateHead }
  return { gateSeq: entry.seq, gateHead: entry.hash }
}

function markOf(snapshot: AnyMachineSnapshot): StateMeta | undefined {
  const marks = Object.values(snapshot.getMeta() as Record<string, StateMeta | undefined>)
  return marks.find((meta) => meta !== undefined)
}

/**
 * Leaving a gate uses up the approval that was brought to it. A chart that goes on without one is broken: no machine,
 * whoever wrote it, can advance itself past a gate.
 */
function approvalUsed(
  machine: Machine,
  previous: Run | null,
  run: Run,
  snapshot: AnyMachineSnapshot,
): string | null {
  if (previous === null || previous.gateSeq === null || run.gateSeq === previous.gateSeq) return null
  const planAnew = run.gateSeq !== null && run.state === previous.state
  if (planAnew) return null
  const { approvalId } = snapshot.context as RunContext
  if (approvalId === null && run.status !== 'closed') {
    throw broken(machine, `the gate ${previous.gate ?? previous.state}`, 'it would go on without an approval')
  }
  return approvalId
}

/** What the transition asks of the world, read off one of XState's actions. */
function ask(step: Step, { type, params }: Action, facts: StepFacts): void {
  if (type === 'xstate.spawnChild') {
    const { id, src, input } = params as { id: string; src: string; input?: Json }
    step.effectsAsked.push({ invokeId: id, name: src, input: input ?? null })
  } else if (type === 'xstate.stopChild') {
    const { id } = params as { id: string }
    if (id !== facts.effectDone) step.effectsDropped.push(id)
  } else if (type === 'xstate.raise') {
    const { id, delay, event } = params as { id: string; delay: number; event: { type: string } }
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

function identityOf(whose: RunIdentity): RunIdentity {
  const { runId, machine, version, definitionDigest, mode, input, startKey, startedBy, osUser, startedAt } =
    whose
  return { runId, machine, version, definitionDigest, mode, input, startKey, startedBy, osUser, startedAt }
}

const isOutcomeOrTimer = (event: RunEvent) => event.type.startsWith('xstate.')

function broken(machine: Machine, where: string, cause: unknown): CutterError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new CutterError('INTERNAL', `machine ${machine.name} ${machine.version} broke at ${where}: ${why}`, {
    cause,
  })
}
