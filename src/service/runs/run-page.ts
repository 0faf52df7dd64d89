import { stat, writeFile } from 'node:fs/promises'
import type { Home } from '../../app/open-home.ts'
import { assertNewFile, writeNewFile } from '../../bundle/write-new-file.ts'
import { listGateDecisions } from '../../domain/decisions.ts'
import type { HistoryEntry } from '../../domain/history-entry.ts'
import { entryMarks } from '../../domain/history-facts.ts'
import type { ChangedPlan } from '../../reports/run-page.ts'
import { comparePlans } from '../page/plan-changes.ts'
import { type Output, writeOutput } from '../write-output.ts'
import { aboutRun } from './about-run.ts'
import { findRun } from './find-run.ts'

/** What `run report --html --json` prints. */
export interface RunPageAnswer {
  runId: string
  /** The history entry up to which the page tells. */
  seq: number
  file: string
  bytes: number
}

/**
 * Writes one static page about a run: its timeline, what differs between plans at the same gate, and who approved. It loads nothing and runs no
 * script.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, INPUT_REFUSED when the file exists or can't be written, USAGE when several runs match
 */
export async function writeRunPage(
  home: Home,
  { run: text, out }: { run: string; out: Output },
): Promise<RunPageAnswer> {
  const { renderRunPage } = await import('../../reports/run-page.ts')
  return writeOutput(home, out, async (file) => {
    await assertNewFile(file)
    const run = await findRun(home, text)
    const history = await home.store.history(run.runId)
    const page = renderRunPage({
      run,
      about: aboutRun(run),
      history,
      decisions: listGateDecisions(history),
      plans: await changedPlans(home, history),
    })
    await writeNewFile(file, (unfinished) => writeFile(unfinished, page))
    return { runId: run.runId, seq: run.seq, file, bytes: (await stat(file)).size }
  })
}

/** Each arrival at a gate with another plan than at the arrival before. */
async function changedPlans(home: Home, history: HistoryEntry[]): Promise<ChangedPlan[]> {
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
    const changes = await comparePlans(home, before.digest, digest)
    changed.push({ gate, fromSeq: before.seq, toSeq: seq, from: before.digest, to: digest, changes })
  }
  return changed
}
