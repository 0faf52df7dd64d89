import type { Home } from '../../app/open-home.ts'
import { signApproval as signAndKeep } from '../../engine/manage-approvals.ts'
import { assertKeyStays } from '../access/input-files.ts'
import { assertShortReason } from '../reason.ts'
import { findRunId } from '../runs/find-run.ts'
import { approvalAnswer, type KeptApproval } from './approval-answer.ts'
import type { ComposeApprovalInput } from './statement.ts'

/**
 * Signs a decision on the plan at which the run waits, and keeps the approval.
 * @throws INPUT_REFUSED when the key does not sign, TOOL_MISSING without ssh-keygen, and what `composeApproval` throws
 */
export async function signApproval(
  home: Home,
  given: ComposeApprovalInput & {
    /** Path of the private key, or of the public key of one that an agent holds. */
    key: string
  },
): Promise<KeptApproval> {
  assertKeyStays(home, given.key)
  assertShortReason(given.reason)
  const { run, key, ...statement } = given
  const { deps } = await home.app()
  const runId = await findRunId(home, run)
  const { approval, warning } = await signAndKeep(deps, runId, { ...statement, keyFile: key })
  return { approval: approvalAnswer(approval, deps.policy), warning }
}
