import { listGateDecisions, readReasons } from '../domain/decisions.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import type { RunIdentity } from '../domain/run.ts'
import { aboutRun } from './about-run.ts'
import { describePair, listPlanPairs, type PlanSource } from './changed-plans.ts'
import { type ChangedPlan, type PageRun, renderRunPage } from './run-page.ts'

/** What the page about a run is made of: nothing that its evidence bundle does not hold, so a checker makes the same page. */
export interface PageSource extends PlanSource {
  /** The facts with which the run started. */
  genesis: RunIdentity
  /** Where it is. */
  run: PageRun
  history: HistoryEntry[]
  /** The approvals that the history names. Others change nothing of the page. */
  approvals: { approvalId: string; statementText: string }[]
}

/** Makes the page about a run, which `cutter run report --html` writes and each evidence bundle holds as `report.html`. */
export async function makeRunPage(source: PageSource): Promise<string> {
  const { genesis, run, history, approvals } = source
  const plans: ChangedPlan[] = []
  for (const pair of listPlanPairs(history)) plans.push({ ...pair, parts: await describePair(pair, source) })
  return renderRunPage({
    genesis,
    run,
    about: aboutRun({ ...genesis, output: run.output }),
    history,
    decisions: listGateDecisions(history),
    reasons: readReasons(approvals),
    plans,
  })
}
