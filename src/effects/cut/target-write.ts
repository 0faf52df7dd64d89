import type { z } from 'zod'
import type { EffectContext, EffectResult, Probe, WriteEffect } from '../../domain/effect.ts'
import { writeEffect } from '../../machine/define-effect.ts'
import type { Target } from '../../targets/target.ts'
import type { CutDeps } from './deps.ts'

interface TargetWrite<Input, Output> {
  name: string
  input: z.ZodType<Input>
  output: z.ZodType<Output>
  /** Writes to the target, in one transaction. */
  write(target: Target, context: EffectContext, given: NoInfer<Input>): Promise<EffectResult<NoInfer<Output>>>
  /** Tells whether that transaction committed. */
  committed(target: Target, context: EffectContext, given: NoInfer<Input>): Promise<Probe<NoInfer<Output>>>
}

/**
 * Makes a write effect of the cut from one write. Live it writes to the target that its input names. A dry run makes the same
 * calls on the run's rehearsal database.
 */
export function targetWrite<Input extends { target: string }, Output>(
  deps: CutDeps,
  { name, input, output, write, committed }: TargetWrite<Input, Output>,
): WriteEffect<Input, Output> {
  return writeEffect({
    name,
    input,
    output,
    execute: async (context, given) => write(await deps.target(given.target), context, given),
    // The engine probes live writes only. A simulation that is resumed after a crash probes for itself.
    async simulate(context, given) {
      const rehearsal = await deps.rehearsalDatabases.open(context.runId)
      const before = await committed(rehearsal, context, given)
      return before.outcome === 'committed' ? before : write(rehearsal, context, given)
    },
    probe: async (context, given) => committed(await deps.target(given.target), context, given),
  })
}
