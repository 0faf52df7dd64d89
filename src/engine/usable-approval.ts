import type { Approval } from '../domain/approval.ts'
import { type Accepted, judgeAtGate } from './apply-approval.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { RunWithApprovals } from './load-run.ts'

/** A decision against the run counts before one for it. */
const ORDER = ['void', 'reject', 'approve']

/** An approval that counts by everything but the world. */
export interface UsableApproval {
  approvalId: string
  verdict: Accepted
}

/**
 * Finds an approval that the gate at which a run waits would take now, by everything but the world. Nothing is recorded. Null when none
 * counts, or the run does not wait at a gate.
 * @param by the operator who would resume the run
 * @param except ids of approvals that are left out
 */
export async function findUsableApproval(
  deps: EngineDeps,
  loaded: RunWithApprovals,
  by: string,
  except: Set<string>,
): Promise<UsableApproval | null> {
  const { run, approvals } = loaded
  if (run.status !== 'paused') return null
  const isUnused = ({ approvalId, usedSeq }: Approval) => usedSeq === null && !except.has(approvalId)
  const candidates = approvals
    .filter((approval) => isUnused(approval) && ORDER.includes(approval.statement.decision))
    .sort((a, b) => ORDER.indexOf(a.statement.decision) - ORDER.indexOf(b.statement.decision))
  for (const approval of candidates) {
    const verdict = await judgeAtGate(deps, run, approval, by, loaded)
    if (verdict.refusal === null) return { approvalId: approval.approvalId, verdict }
  }
  return null
}
