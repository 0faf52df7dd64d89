import { z } from 'zod'
import type { Effect, EffectContext, EffectResult, Probe } from '../../../domain/effect.ts'
import { namesSeveral } from '../../../domain/host-names.ts'
import type { Json } from '../../../domain/json.ts'
import { type SeveralInput, severalInput } from './host-record.ts'

/** The output of an effect, as JSON. */
export type Output = { [fact: string]: Json }

/** What an effect does where the run has several hosts. A write needs all but `look`. */
export interface SeveralWays {
  execute(context: EffectContext, given: SeveralInput): Promise<EffectResult<Output>>
  simulate?(context: EffectContext, given: SeveralInput): Promise<EffectResult<Output>>
  probe?(context: EffectContext, given: SeveralInput): Promise<Probe<Output>>
  look?(context: EffectContext, given: SeveralInput): Promise<string[]>
}

const anyOutput = z.looseObject({ hosts: z.array(z.unknown()) })

/**
 * An effect that works on one host, or on several where the input names them. With one host it is the given effect, and nothing else.
 */
export function withSeveral(effect: Effect, ways: SeveralWays): Effect {
  const isSeveral = (given: unknown): given is SeveralInput =>
    namesSeveral((given as { host?: unknown } | null)?.host)
  const base = {
    ...effect,
    input: z.union([severalInput, effect.input]),
    output: z.union([anyOutput, effect.output]),
    execute: (context: EffectContext, given: unknown) =>
      isSeveral(given) ? ways.execute(context, given) : effect.execute(context, given),
  }
  if (effect.kind === 'read') {
    const { look } = effect
    return {
      ...base,
      kind: 'read',
      ...(look === undefined
        ? {}
        : {
            look: async (context: EffectContext, given: unknown) =>
              isSeveral(given) ? ((await ways.look?.(context, given)) ?? []) : look(context, given),
          }),
    }
  }
  return {
    ...base,
    kind: 'write',
    simulate: (context: EffectContext, given: unknown) =>
      isSeveral(given) ? ways.simulate!(context, given) : effect.simulate(context, given),
    probe: (context: EffectContext, given: unknown) =>
      isSeveral(given) ? ways.probe!(context, given) : effect.probe(context, given),
  }
}
