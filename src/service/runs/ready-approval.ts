import type { Home } from '../../app/open-home.ts'
import type { Run } from '../../domain/run.ts'
import type { Explanation } from '../../engine/explain.ts'

/**
 * The id of an approval with which the run would pass its gate now: enough people have approved its plan, and nothing refuses it. Null otherwise.
 * Where the world was not looked at, it is compared when the approval is brought.
 */
export function findReadyApproval({ approvals, refusals, world }: Explanation): string | null {
  if (refusals.length > 0 || world?.isAsPlanned === false) return null
  const ready = approvals.find(({ decision, reason }) => decision === 'approve' && reason === null)
  return ready?.approvalId ?? null
}

/** The same for a run that is only shown. Signatures are judged where there is an approval of the present arrival, and nothing else is loaded. */
export async function readReadyApproval(home: Home, run: Run): Promise<string | null> {
  if (run.status !== 'paused') return null
  const approvals = await home.store.approvals(run.runId)
  const isPresent = approvals.some(
    ({ usedSeq, statement: { gate, seq, decision } }) =>
      usedSeq === null && decision === 'approve' && gate === run.gate && seq === run.gateSeq,
  )
  if (!isPresent) return null
  const { explain } = await import('../../engine/explain.ts')
  return findReadyApproval(await explain((await home.app()).deps, run.runId))
}
