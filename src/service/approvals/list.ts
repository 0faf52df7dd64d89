import type { Home } from '../../app/open-home.ts'
import type { Approval } from '../../domain/approval.ts'
import { type GateDecision, listGateDecisions } from '../../domain/decisions.ts'
import { assertRole } from '../access/assert-role.ts'
import { isInScope } from '../access/scope.ts'
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
  if (runId === undefined) assertRole(home, 'list approvals of all runs')
  const approvals = inScope(home, await home.store.approvals(runId))
  const decisions = new Map<string, GateDecision[]>()
  for (const id of new Set(approvals.map(({ statement }) => statement.runId)))
    decisions.set(id, listGateDecisions(await home.store.history(id)))
  return approvals.map((approval) => listedApproval(approval, decisions.get(approval.statement.runId)!))
}

/** The approvals of runs that the caller's token reaches. */
const inScope = ({ caller }: Home, approvals: Approval[]) =>
  approvals.filter(({ statement: { runId, machine } }) => isInScope({ caller }, { runId, machine }))
