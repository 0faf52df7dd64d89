import { z } from 'zod'
import type { Effect, EffectContext, EffectResult, Probe, ReadEffect, WriteEffect } from '../domain/effect.ts'
import type { Facts } from './chart.ts'

/**
 * How effects are written, by Cutter's own machines as by users' machines. The types of input and output are those of the schemas:
 * `execute` gets what `input` parses, and what it returns is parsed by `output` before the engine believes it.
 */

const anyFacts = z.record(z.string(), z.json())

/** What a read effect consists of. */
export interface ReadEffectOptions<Input, Output> {
  /** The phase's name, as charts invoke it. */
  name: string
  /** Picks the fields that it names from the run's input, the facts so far and `planDigest`. */
  input: z.ZodType<Input>
  /** Facts that it reports. Without it the effect may report any facts. */
  output?: z.ZodType<Output>
  /** Its working time in seconds. Then its signal aborts, and the run stops. Left out: the rest of the run's time. */
  timeoutSeconds?: number
  /** Its plans hold the texts of a document, in which anything may stand. Their values are not searched for secrets. */
  quotesDocument?: true
  execute(context: EffectContext, input: NoInfer<Input>): Promise<EffectResult<NoInfer<Output>>>
  /** For the last check at a gate: lists what differs from the approved plan, by reads alone. `run explain` asks it and records nothing. */
  look?(context: EffectContext, input: NoInfer<Input>): Promise<string[]>
}

/** What a write effect consists of. */
export interface WriteEffectOptions<Input, Output> extends Omit<ReadEffectOptions<Input, Output>, 'look'> {
  /** It leaves nothing behind, as a trial on a throwaway folder. A live run may do it before it has used an approval. */
  beforeApproval?: true
  /** Shows in a dry run what `execute` would do, and does nothing. */
  simulate(context: EffectContext, input: NoInfer<Input>): Promise<EffectResult<NoInfer<Output>>>
  /** Asks the target whether an earlier `execute` of this run was committed. */
  probe(context: EffectContext, input: NoInfer<Input>): Promise<Probe<NoInfer<Output>>>
}

/** Defines an effect that only reads. The engine may run it again after a crash. */
export function readEffect<Input, Output = Facts>(
  options: ReadEffectOptions<Input, Output>,
): ReadEffect<Input, Output> {
  return { kind: 'read', output: anyFacts as z.ZodType<unknown> as z.ZodType<Output>, ...options }
}

/** Defines an effect that changes the world: how to do it, how to show it in a dry run, and how to tell whether it was done. */
export function writeEffect<Input, Output = Facts>(
  options: WriteEffectOptions<Input, Output>,
): WriteEffect<Input, Output> {
  return { kind: 'write', output: anyFacts as z.ZodType<unknown> as z.ZodType<Output>, ...options }
}

/** Effects by their names, as the engine finds them. */
export const effectsByName = (effects: readonly Effect[]): Record<string, Effect> =>
  Object.fromEntries(effects.map((effect) => [effect.name, effect]))
