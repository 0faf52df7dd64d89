import type { Run } from '../domain/run.ts'
import { ABANDONED, record } from '../machine/step.ts'
import { installedOrNull } from './known.ts'
import { leaseOf } from './lease.ts'
import type { EngineParts } from './parts.ts'

/**
 * Closes a resting run that was started under another definition than the installed one, or whose machine can't be had any more:
 * its chart can't be asked, and nothing is in flight. Null when the definition is the installed one, whose chart then has the word.
 */
export async function abandonOtherDefinition(
  parts: EngineParts,
  run: Run,
  { by, reason }: { by: string; reason: string },
): Promise<Run | null> {
  const installed = await installedOrNull(parts, run.machine)
  if (installed?.machine.definitionDigest === run.definitionDigest) return null
  const event = {
    ...{ type: ABANDONED, reason, installed: installed?.machine.definitionDigest ?? null },
    outcome: 'cancelled',
  }
  const step = record(run, event, { at: parts.clock.now().toISOString(), by })
  await parts.store.advance(step, leaseOf(parts))
  parts.onStep?.(step.run, step.entry)
  await parts.onClosed?.(step.run)
  return step.run
}
