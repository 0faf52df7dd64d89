import type { Home } from '../../app/open-home.ts'
import type { Decision } from '../../domain/approval.ts'
import { composeStatementText } from '../../engine/manage-approvals.ts'
import { assertShortReason } from '../reason.ts'
import { findRunId } from '../runs/find-run.ts'

export interface ComposeApprovalInput {
  /** Id, or a unique prefix or suffix of one. */
  run: string
  /** The principal who approves, as listed in allowed_signers. */
  as: string
  decision: Decision
  /** May be blank. */
  reason: string
  /** The digest of the plan, or of the list to abandon, that the person was shown. Another one is not signed. */
  shown?: string | null
}

/**
 * Composes the exact bytes to sign for a decision on the plan at which the run waits: RFC 8785 JSON without a final newline.
 * @throws RUN_NOT_FOUND, EVENT_REFUSED when the run is not at a gate, MACHINE_CHANGED, INPUT_REFUSED for a secret, USAGE
 */
export async function composeApproval(home: Home, given: ComposeApprovalInput): Promise<string> {
  const { run, ...statement } = given
  assertShortReason(given.reason)
  const { deps } = await home.app()
  return composeStatementText(deps, await findRunId(home, run), statement)
}
