import type { AnyActorLogic, AnyStateMachine, PromiseActorLogic } from 'xstate'
import type { z } from 'zod'
import type { Effect } from '../domain/effect.ts'
import type { StopFacts } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import type { Mode, Outcome } from '../domain/run.ts'

/**
 * How a machine speaks with the engine. A machine is an ordinary XState file; these conventions are all it needs:
 *
 * - A top-level state is a milestone. Its substates may be `working`, `stopped` and so on; only milestones are counted.
 * - Work is an `invoke` whose `src` names an effect, with `onDone` and `onError`. XState never runs it: the engine does.
 * - `meta: gate('SG1')` on a state: the run pauses there until an approval event of that gate.
 * - `meta: rechecks('SG1')` on the state to which that event leads, if the world is to be checked before the approval is used.
 * - `meta: stopped` on a state: the run stopped there; the event `RETRY` takes up the work again.
 * - `meta: closed('cancelled')` on a final state: the run ended, with that outcome. Only `succeeded` ends at a milestone; a run
 *   that ends otherwise keeps the name of the milestone it had reached.
 * - The context holds `output` (what `run show` reports), `planDigest` and `stop`; see `RunContext`.
 */

export interface RunContext {
  output: { [key: string]: Json }
  planDigest: string | null
  stop: StopFacts | null
  /** The approval that a decision event brought and that leaving the gate uses up; null when there is none. */
  approvalId: string | null
}

/** What a machine gets as XState input. */
export interface MachineInput<Input> {
  runId: string
  mode: Mode
  input: Input
}

export type StateMeta = { gate: string } | { rechecks: string } | { stopped: true } | { closed: Outcome }

export const gate = (name: string): StateMeta => ({ gate: name })
/** The world is looked at once more, with the approval in hand but not yet used; on drift the run falls back to the gate. */
export const rechecks = (gate: string): StateMeta => ({ rechecks: gate })
export const stopped: StateMeta = { stopped: true }
export const closed = (outcome: Outcome): StateMeta => ({ closed: outcome })

/** The event by which an approval that holds moves a run past its gate's waiting. */
export type DecisionEvent = { type: 'APPROVE' | 'REJECT' | 'VOID'; approvalId: string; approver: string }

/**
 * Stands for an effect in `setup({ actors })`: typed as a promise would be, and with nothing inside, since a snapshot keeps one
 * for each effect in flight. Should anything ever start it as an actor, it fails loudly.
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

/** A snapshot as the store keeps it: XState's persisted form, plain JSON. */
export interface StoredSnapshot {
  status: string
  value: Json
  context: { [key: string]: Json }
  children: { [id: string]: Json }
  [field: string]: Json
}

/**
 * Carries a run that was started under another definition over to this one. The run keeps its status, its gate, its plan and
 * its effects in flight; at a gate its approvals count no more. What does not hold is refused before anything is saved.
 */
export interface Upgrade {
  /** What the old context must be. */
  schema: z.ZodType
  /** Pure, and not async: the old snapshot in, the new one out. */
  migrate(snapshot: StoredSnapshot): StoredSnapshot
  /** Milestones that have another name now: old name → new name. */
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
  /** Parses what `run start` is given; its keys become the command's flags. */
  input: z.ZodObject
  /** `ictr` for cuts: run ids are `<prefix>-<YYYYMMDD>T<HHMMSS>Z-<8 hex>`. */
  runIdPrefix: string
  /** How runs of other definitions are carried over to this one, by their definition digest or version. */
  upgrade?: { [from: string]: Upgrade }
  /** Gates at which the signed statement is itself the review and must name the id that it is recorded under. */
  reviewGates?: string[]
}

/** A definition whose digest is known. A run resumes under the definition that it was started under, or after an upgrade. */
export interface Machine extends MachineDefinition {
  definitionDigest: string
}

/** What a module of a user's own machine exports as `machine`: the definition, and the effects that do its work. */
export interface MachineModule extends Omit<MachineDefinition, 'runIdPrefix'> {
  /** Left out: the machine's name. */
  runIdPrefix?: string
  effects: Effect[]
}

/** Defines a user's own machine. It returns what it is given: its parameter's type is what an editor checks and completes. */
export const defineMachine = (machine: MachineModule): MachineModule => machine
