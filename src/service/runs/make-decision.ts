import type { Decision } from '../../domain/approval.ts'
import type { Run } from '../../domain/run.ts'
import type { EngineDeps } from '../../engine/engine-deps.ts'

/**
 * Makes a statement about a run now: signed in a live run, which needs `as` and `key`, and as a rehearsal in a dry run. Returns its id.
 * @throws what `signApproval` and `rehearseApproval` throw
 */
export async function makeDecision(
  deps: EngineDeps,
  { runId, mode }: Run,
  decision: { decision: Decision; reason: string },
  { as = 'rehearsal', key = '' }: { as?: string | undefined; key?: string | undefined },
): Promise<string> {
  const { rehearseApproval, signApproval } = await import('../../engine/manage-approvals.ts')
  if (mode !== 'live') return (await rehearseApproval(deps, runId, { as, ...decision })).approvalId
  return (await signApproval(deps, runId, { as, keyFile: key, ...decision })).approval.approvalId
}
