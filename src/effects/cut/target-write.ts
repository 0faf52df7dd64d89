import type { EffectContext, EffectResult, Probe, WriteEffect } from '../../domain/effect.ts'
import type { Target } from '../../targets/target.ts'
import type { CutDeps } from './deps.ts'

interface Write<Input, Output> {
  name: string
  input: WriteEffect<Input, Output>['input']
  output: WriteEffect<Input, Output>['output']
  write(target: Target, context: EffectContext, given: Input): Promise<EffectResult<Output>>
  committed(target: Target, context: EffectContext, given: Input): Promise<Probe<Output>>
}

/** A write of the cut: live on the target that its input names, simulated by the very same calls on the run's own copy. */
export function targetWrite<Input extends { target: string }, Output>(
  deps: CutDeps,
  { name, input, output, write, committed }: Write<Input, Output>,
): WriteEffect<Input, Output> {
  return {
    name,
    kind: 'write',
    input,
    output,
    execute: async (context, given) => write(await deps.target(given.target), context, given),
    // The engine probes live writes; a simulation that is taken up after a crash looks for itself.
    async simulate(context, given) {
      const scratch = await deps.scratches.open(context.runId)
      const before = await committed(scratch, context, given)
      return before.outcome === 'committed' ? before : write(scratch, context, given)
    },
    probe: async (context, given) => committed(await deps.target(given.target), context, given),
  }
}
