import type { Home } from '../../app/open-home.ts'
import { rehearseApproval as keepRehearsal } from '../../engine/manage-approvals.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertShortReason } from '../reason.ts'
import { findRunId } from '../runs/find-run.ts'
import { type ApprovalAnswer, approvalAnswer } from './approval-answer.ts'
import type { ComposeApprovalInput } from './statement.ts'

/**
 * Makes a rehearsal approval: an unsigned label that counts in dry runs only.
 * @throws what `composeApproval` throws
 */
export async function rehearseApproval(home: Home, given: ComposeApprovalInput): Promise<ApprovalAnswer> {
  assertRole(home, 'make rehearsal approvals')
  assertShortReason(given.reason)
  const { run, ...statement } = given
  const { deps } = await home.app()
  const approval = await keepRehearsal(deps, await findRunId(home, run), statement)
  return approvalAnswer(approval, deps.policy)
}
