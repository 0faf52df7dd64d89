import type { z } from 'zod'
import type { Evidence } from './evidence.ts'
import type { Json } from './json.ts'
import type { Mode } from './run.ts'

/** The process that has claimed an effect. Host and pid are for people: containers share both. */
export interface Owner {
  /** The name of the file that the process holds locked while it lives. Claims of earlier versions have none. */
  id?: string
  host: string
  pid: number
}

/** An effect that a step asks for. */
export interface EffectRequest {
  /** The invoke's id in the chart, which the outcome's event names; unique among the run's effects in flight. */
  invokeId: string
  name: string
  input: Json
}

/** An effect as a row: asked for, and claimed by an owner or by nobody. */
export interface EffectRow extends EffectRequest {
  /** The step that asked for it. */
  seq: number
  owner: Owner | null
  /** ISO 8601. It binds an owner of whom nobody knows whether it lives; an effect of a dead owner is free at once. */
  leaseUntil: string | null
  /** The number of its claims. */
  attempt: number
}

/**
 * Orders the attempts at the effects of one run: a later step, or a later claim of the same step, has a higher one. A target that has seen
 * a token refuses every lower one of the same run. Effects of parallel regions are claimed one by one, so their tokens are not ordered: where a chart
 * writes in parallel, the target compares the tokens of each effect.
 */
export interface FencingToken {
  run: string
  /** The step that asked for the effect. */
  seq: number
  /** The number of claims of the effect, this one included. */
  attempt: number
}

/** What an effect learns of its run. Everything else comes with its input. */
export interface EffectContext {
  runId: string
  machine: string
  version: string
  mode: Mode
  /** `seq` at which the effect was asked for. */
  seq: number
  startedBy: string
  /** Goes with every write, so that its target can refuse a process whose claim was taken over. */
  token: FencingToken
  /** When the working time of the effect ends, and `signal` aborts. */
  deadline: Date
  /** Aborts at the deadline or when the operator interrupts. */
  signal: AbortSignal
  /**
   * Checks that this process still has the claim on the effect, and that the lease has not ended. A write calls it last before each change
   * that its target cannot fence.
   * @throws RUN_HELD or STORE_CONFLICT when the claim is lost; the effect must end then
   */
  assertClaimed(): Promise<void>
  now(): Date
  /** The bytes of an evidence of this or another run, by digest. Throws when the store has none. */
  evidence(digest: string): Promise<Uint8Array>
  /** The approval under which the run passed its last gate, as signed. */
  approval(): Promise<import('./approval.ts').Approval | null>
  /** A line for people at a terminal. It is never stored. */
  progress(text: string): void
}

/** The context together with evidence that is saved only when this effect ends. */
export function withUnsavedEvidence(context: EffectContext, made: Evidence[]): EffectContext {
  const evidence: EffectContext['evidence'] = async (digest) =>
    made.find((one) => one.digest === digest)?.bytes ?? (await context.evidence(digest))
  return Object.create(context, { evidence: { value: evidence } })
}

/** The result of an effect: a small JSON for the history, and evidence that is saved in the same transaction. */
export interface EffectResult<Output> {
  output: Output
  evidence?: Evidence[]
}

/** The result of a probe. A probe takes the lock of the write first, because a server may still finish the statement of a dead client. */
export type Probe<Output> =
  | ({ outcome: 'committed' } & EffectResult<Output>)
  | { outcome: 'not-committed' }
  | { outcome: 'unknown'; why: string }

interface EffectBase<Input, Output> {
  name: string
  input: z.ZodType<Input>
  output: z.ZodType<Output>
  /** Where a user's module defines it, for messages: file and line, and the files of the module. */
  source?: { place: string; files: string[] }
  /** Its working time. Then its signal aborts, and the run stops with STOP_EFFECT_TIMEOUT. Left out: the rest of the run's time. */
  timeoutSeconds?: number
  /** Its plans hold texts of a document, which may contain anything. So their values are not searched for secrets. */
  quotesDocument?: true
  /** Its plans hold SQL, in which `token = …` compares columns. So their values are not searched for secrets by name. */
  quotesSql?: true
}

export interface ReadEffect<Input = unknown, Output = unknown> extends EffectBase<Input, Output> {
  kind: 'read'
  execute(context: EffectContext, input: Input): Promise<EffectResult<Output>>
  /**
   * Compares the world with the approved plan by reads alone, and lists what differs. For the last check at a gate; `run explain` asks it.
   * Nothing is recorded.
   */
  look?(context: EffectContext, input: Input): Promise<string[]>
}

/** A write has three ways to run: it executes, it is simulated in a dry run, and it is probed for whether it was committed. */
export interface WriteEffect<Input = unknown, Output = unknown> extends EffectBase<Input, Output> {
  kind: 'write'
  /** It leaves nothing behind, as a trial in a temporary folder does. A live run may do it before an approval was used. */
  beforeApproval?: true
  execute(context: EffectContext, input: Input): Promise<EffectResult<Output>>
  simulate(context: EffectContext, input: Input): Promise<EffectResult<Output>>
  probe(context: EffectContext, input: Input): Promise<Probe<Output>>
}

export type Effect<Input = unknown, Output = unknown> = ReadEffect<Input, Output> | WriteEffect<Input, Output>
