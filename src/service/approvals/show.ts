import type { Home } from '../../app/open-home.ts'
import type { Statement } from '../../domain/approval.ts'
import { noSuchApprovalError } from '../../domain/errors.ts'
import { type ListedApproval, listedApproval } from './approval-answer.ts'

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
  { store }: Home,
  { approvalId }: { approvalId: string },
): Promise<ShownApproval> {
  const approval = await store.approval(approvalId)
  if (approval === null) throw noSuchApprovalError(approvalId)
  const { statement, statementText, signature } = approval
  return { ...listedApproval(approval), statement, statementText, signature }
}
