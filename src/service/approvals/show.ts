import type { Home } from '../../app/open-home.ts'
import { gatePolicyOf } from '../../config/gate-policy.ts'
import type { Statement } from '../../domain/approval.ts'
import { listGateDecisions, listReachedGates } from '../../domain/decisions.ts'
import { noSuchApprovalError } from '../../domain/errors.ts'
import { isInScope } from '../access/scope.ts'
import { approvalAnswer, type ListedApproval, listedApproval } from './approval-answer.ts'

export interface ShownApproval extends ListedApproval {
  statement: Statement
  /** The exact bytes that were signed. */
  statementText: string
  /** OpenSSH's armored signature; null for a rehearsal. */
  signature: string | null
}

/**
 * Shows one approval with its statement and signature. It is what `--json` prints.
 * @throws APPROVAL_NOT_FOUND
 */
export async function showApproval(
  home: Home,
  { approvalId }: { approvalId: string },
): Promise<ShownApproval> {
  const { store } = home
  const approval = await store.approval(approvalId)
  if (approval === null || !isInScope(home, approval.statement)) throw noSuchApprovalError(approvalId)
  const { statement, statementText, signature } = approval
  const history = await store.history(statement.runId)
  const decisions = listGateDecisions(history)
  const reached = listReachedGates(history)
  const config = await home.config()
  const policyAt = (machine: string, gate: string) => gatePolicyOf(config, machine, gate, reached)
  return {
    ...listedApproval(approval, decisions),
    ...approvalAnswer(approval, policyAt),
    statement,
    statementText,
    signature,
  }
}
