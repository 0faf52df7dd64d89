import type { AnyActorLogic, AnyStateMachine, PromiseActorLogic } from 'xstate'
import type { z } from 'zod'
import type { Effect } from '../domain/effect.ts'
import type { StopFacts } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import type { Mode, Outcome } from '../domain/run.ts'

/**
 * The conventions between a machine and the engine. A machine is an ordinary XState file that follows them:
 *
 * - A top-level state is a milestone. Its substates (`working`, `stopped` …) are not shown as the state of a run.
 * - Work is an `invoke` whose `src` names an effect, with `onDone` and `onError`. XState never runs it: the engine does.
 * - `meta: gate('SG1')` on a state: the run pauses there until an approval event of that gate.
 * - `meta: rechecks('SG1')` on the state to which that event leads, when the world is rechecked before the approval is used.
 * - `meta: stopped` on a state: the run has stopped there; the event `RETRY` repeats the work.
 * - `meta: closed('cancelled')` on a final state: the run closes with that outcome. A run that does not succeed keeps the name of the
 *   milestone that it had reached, unless its end is a milestone itself: `closed('rolled-back', { isMilestone: true })`.
 * - The context holds `output` (what `run show` reports), `planDigest` and `stop`; see `RunContext`.
 */

export interface RunContext {
  output: { [key: string]: Json }
  planDigest: string | null
  stop: StopFacts | null
  /** The approval of a decision event, which leaving the gate uses up. Null when there is none. */
  approvalId: string | null
}

/** The XState input of a machine. */
export interface MachineInput<Input> {
  runId: string
  mode: Mode
  input: Input
}

export type StateMeta =
  | { gate: string }
  | { rechecks: string }
  | { stopped: true }
  | { closed: Outcome; isMilestone?: true }

/** Marks the state in which a run waits for an approval. */
export const gate = (name: string): StateMeta => ({ gate: name })
/** Marks the state in which the world is rechecked before the approval is used. On drift the run returns to the gate. */
export const rechecks = (gate: string): StateMeta => ({ rechecks: gate })
/** Marks the state in which a run has stopped. */
export const stopped: StateMeta = { stopped: true }
/** Marks a final state by the outcome with which the run closes. `isMilestone`: the run shows this state also where it did not succeed. */
export const closed = (outcome: Outcome, how: { isMilestone?: true } = {}): StateMeta => ({
  closed: outcome,
  ...how,
})

/** The event of an approval that the judge has accepted. */
export type DecisionEvent = { type: 'APPROVE' | 'REJECT' | 'VOID'; approvalId: string; approver: string }

/**
 * Stands for an effect in `setup({ actors })`. It has the type of a promise actor and no content, because a snapshot keeps one for
 * each effect in flight. Starting it as an actor throws.
 */
export function effect<Output, Input>(): PromiseActorLogic<Output, Input> {
  const inFlight = { status: 'active', output: undefined, error: undefined }
  const logic: AnyActorLogic = {
    getInitialSnapshot: () => inFlight as never,
    getPersistedSnapshot: () => ({ status: 'active' }) as never,
    restoreSnapshot: () => inFlight as never,
    transition: (snapshot) => snapshot,
    start() {
      throw new Error('effects are run by the engine, never by XState')
    },
  }
  return logic as unknown as PromiseActorLogic<Output, Input>
}

/** A snapshot as the store keeps it: XState's persisted form as plain JSON. */
export interface StoredSnapshot {
  status: string
  value: Json
  context: { [key: string]: Json }
  children: { [id: string]: Json }
  [field: string]: Json
}

/**
 * Upgrades a run that was started under another definition to this one. The run keeps its status, gate, plan and effects in flight. At
 * a gate the upgrade is a new arrival, so that earlier approvals count no more. A result that breaks a rule is refused before anything
 * is saved.
 */
export interface Upgrade {
  /** Parses the old context. */
  schema: z.ZodType
  /** Makes the new snapshot from the old one. It must be pure and synchronous. */
  migrate(snapshot: StoredSnapshot): StoredSnapshot
  /** Renamed milestones: old name → new name. */
  milestones?: { [old: string]: string }
  /**
   * Both definitions do the same for the same plan. A live run that has passed a gate then continues under the approval that it used
   * there. Only machines that ship may declare it.
   */
  sameWork?: true
}

/** A machine: its chart, and what the program must know besides. */
export interface MachineDefinition {
  name: string
  version: string
  logic: AnyStateMachine
  /** Parses the input of `run start`. Its keys become the command's flags. */
  input: z.ZodObject
  /** Run ids are `<prefix>-<YYYYMMDD>T<HHMMSS>Z-<8 hex>`. */
  runIdPrefix: string
  /** Upgrades of runs of other definitions to this one, by their definition digest or version. */
  upgrade?: { [from: string]: Upgrade }
  /** Gates at which the signed statement is itself the review and must name its `reviewDecisionId`. */
  reviewGates?: string[]
}

/** A definition whose digest is known. A run resumes under the definition that it was started under, or after an upgrade. */
export interface Machine extends MachineDefinition {
  definitionDigest: string
}

/** What a module of a user's own machine exports as `machine`: the definition, and the effects that do its work. */
export interface MachineModule extends Omit<MachineDefinition, 'runIdPrefix'> {
  /** Default: the machine's name. */
  runIdPrefix?: string
  effects: Effect[]
}

/** Defines a user's own machine. It returns its parameter, whose type lets an editor check and complete it. */
export const defineMachine = (machine: MachineModule): MachineModule => machine
