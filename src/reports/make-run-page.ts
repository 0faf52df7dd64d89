import { listGateDecisions, readReasons } from '../domain/decisions.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import { entryMarks } from '../domain/history-facts.ts'
import type { Json } from '../domain/json.ts'
import type { RunIdentity } from '../domain/run.ts'
import { aboutRun } from './about-run.ts'
import { listPlanChanges } from './plan-changes.ts'
import { type ChangedPlan, type PageRun, renderRunPage } from './run-page.ts'

/** What the page about a run is made of: nothing that its evidence bundle does not hold, so a checker makes the same page. */
export interface PageSource {
  /** The facts with which the run started. */
  genesis: RunIdentity
  /** Where it is. */
  run: PageRun
  history: HistoryEntry[]
  /** The approvals that the history names. Others change nothing of the page. */
  approvals: { approvalId: string; statementText: string }[]
  /** The bytes of a plan by their digest; null when they are lost. */
  plan(digest: string): Promise<Uint8Array | null>
}

/** Makes the page about a run, which `cutter run report --html` writes and each evidence bundle holds as `report.html`. */
export async function makeRunPage({ genesis, run, history, approvals, plan }: PageSource): Promise<string> {
  const planOf = async (digest: string): Promise<Json | undefined> => {
    const bytes = await plan(digest)
    return bytes === null ? undefined : (JSON.parse(Buffer.from(bytes).toString('utf8')) as Json)
  }
  return renderRunPage({
    genesis,
    run,
    about: aboutRun({ ...genesis, output: run.output }),
    history,
    decisions: listGateDecisions(history),
    reasons: readReasons(approvals),
    plans: await changedPlans(history, planOf),
  })
}

/** Each arrival at a gate with another plan than at the arrival before. */
async function changedPlans(
  history: HistoryEntry[],
  planOf: (digest: string) => Promise<Json | undefined>,
): Promise<ChangedPlan[]> {
  const arrivals = history.flatMap((entry) => {
    const { arrival } = entryMarks(entry)
    return arrival == null || arrival.planDigest === null
      ? []
      : [{ gate: arrival.gate, digest: arrival.planDigest, seq: entry.seq }]
  })
  const changed: ChangedPlan[] = []
  for (const [at, { gate, digest, seq }] of arrivals.entries()) {
    const before = arrivals.slice(0, at).findLast((one) => one.gate === gate)
    if (before === undefined || before.digest === digest) continue
    const [earlier, later] = [await planOf(before.digest), await planOf(digest)]
    const changes = earlier === undefined || later === undefined ? null : listPlanChanges(earlier, later)
    changed.push({ gate, fromSeq: before.seq, toSeq: seq, from: before.digest, to: digest, changes })
  }
  return changed
}
