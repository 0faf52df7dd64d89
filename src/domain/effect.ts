import type { z } from 'zod'
import type { Evidence } from './evidence.ts'
import type { Json } from './json.ts'
import type { Mode } from './run.ts'

/** The process that holds an effect: enough to tell whether it still lives. */
export interface Owner {
  host: string
  pid: number
  /** When the process started, in the units of its own operating system; tells a reused pid apart. */
  processStart: string
}

/** An effect that a transition asks for. */
export interface EffectRequest {
  /** The invoke's id in the chart, which the outcome's event names; unique among the run's effects in flight. */
  invokeId: string
  name: string
  input: Json
}

/** An effect as a row: asked for, and held by an owner once claimed. */
export interface EffectRow extends EffectRequest {
  /** The step that asked for it. */
  seq: number
  owner: Owner | null
  /** Counts for owners on other hosts only; a dead owner on this host is free at once. */
  leaseUntil: string | null
  /** How often it was claimed. */
  attempt: number
}

/** What an effect may know of its run and of the world. Everything else comes by its input. */
export interface EffectContext {
  runId: string
  machine: string
  version: string
  mode: Mode
  /** `seq` at which the effect was asked for. */
  seq: number
  startedBy: string
  /** Aborts at the run's hard cap or when the operator interrupts. */
  signal: AbortSignal
  now(): Date
  /** Bytes of this or another run's evidence, by digest; throws when there are none. */
  evidence(digest: string): Promise<Uint8Array>
  /** The approval under which the run passed its last gate, as signed. */
  approval(): Promise<import('./approval.ts').Approval | null>
  /** A sign of life for people who watch a terminal; never stored. */
  progress(text: string): void
}

/** The context with evidence that is saved only once this effect has come to its end. */
export function withUnsavedEvidence(context: EffectContext, made: Evidence[]): EffectContext {
  const evidence: EffectContext['evidence'] = async (digest) =>
    made.find((one) => one.digest === digest)?.bytes ?? (await context.evidence(digest))
  return Object.create(context, { evidence: { value: evidence } })
}

/** What an effect gives back: a small JSON for the history, and evidence saved with it in one transaction. */
export interface EffectResult<Output> {
  output: Output
  evidence?: Evidence[]
}

/** What a probe found. It takes the write's own lock first, since a server may still finish a dead client's statement. */
export type Probe<Output> =
  | ({ outcome: 'committed' } & EffectResult<Output>)
  | { outcome: 'not-committed' }
  | { outcome: 'unknown'; why: string }

interface EffectBase<Input, Output> {
  name: string
  input: z.ZodType<Input>
  output: z.ZodType<Output>
  /** Its plans hold the texts of a document, in which anything may stand: their values are not looked at for secrets. */
  quotesDocument?: true
}

export interface ReadEffect<Input = unknown, Output = unknown> extends EffectBase<Input, Output> {
  kind: 'read'
  execute(context: EffectContext, input: Input): Promise<EffectResult<Output>>
}

/** A write must say how it is done, how it is shown without doing it, and how to tell whether it was done. */
export interface WriteEffect<Input = unknown, Output = unknown> extends EffectBase<Input, Output> {
  kind: 'write'
  /** It leaves nothing behind, as a trial on a scratch folder: live it may also be done before an approval was used. */
  beforeApproval?: true
  execute(context: EffectContext, input: Input): Promise<EffectResult<Output>>
  simulate(context: EffectContext, input: Input): Promise<EffectResult<Output>>
  probe(context: EffectContext, input: Input): Promise<Probe<Output>>
}

export type Effect<Input = unknown, Output = unknown> = ReadEffect<Input, Output> | WriteEffect<Input, Output>
