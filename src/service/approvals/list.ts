import type { Home } from '../../app/open-home.ts'
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
  return (await home.store.approvals(runId)).map(listedApproval)
}
