import type { Token } from '../../domain/token.ts'
import type { RunStore } from '../../store/run-store.ts'

/**
 * Why a read-only link no longer counts, as the end of a sentence; null while it counts. A link that is made while its run waits at a gate is a
 * link to that gate: it ends when the run leaves it. Any other link shows its run until it expires.
 */
export async function findGateLinkFault(
  store: Pick<RunStore, 'run' | 'history'>,
  { runId, createdAt }: { runId: string } & Pick<Token, 'createdAt'>,
): Promise<string | null> {
  const run = await store.run(runId)
  if (run === null) return null
  const made = Date.parse(createdAt)
  const then = (await store.history(runId)).findLast(({ at }) => Date.parse(at) <= made)
  if (then?.status !== 'paused') return null
  // The run may be at another gate, or at the same one again with another plan.
  if (run.gateSeq !== null && run.gateSeq <= then.seq) return null
  return `was a link to a gate of run ${runId}, which the run has left`
}
