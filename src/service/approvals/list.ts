import type { Home } from '../../app/open-home.ts'
import { type GateDecision, listGateDecisions } from '../../domain/decisions.ts'
import { findRunId } from '../runs/find-run.ts'
import { type ListedApproval, listedApproval } from './approval-answer.ts'

/**
 * Lists the approvals of one run, or of all runs, oldest first. The list is what `--json` prints.
 * @throws RUN_NOT_FOUND, USAGE when several runs match
 */
export async function listApprovals(
  home: Home,
  { run }: { run?: string | undefined },
): Promise<ListedApproval[]> {
  const runId = run === undefined ? undefined : await findRunId(home, run)
  const approvals = await home.store.approvals(runId)
  const decisions = new Map<string, GateDecision[]>()
  for (const id of new Set(approvals.map(({ statement }) => statement.runId)))
    decisions.set(id, listGateDecisions(await home.store.history(id)))
  return approvals.map((approval) => listedApproval(approval, decisions.get(approval.statement.runId)!))
}
