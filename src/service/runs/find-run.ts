import type { Home } from '../../app/open-home.ts'
import { findReportedRun } from '../../app/run-reports.ts'
import { CutterError, lostRunError, noSuchRunError, prunedRunError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import { loadRun } from '../../engine/load-run.ts'

/** Ids that an error about an ambiguous text lists at most. */
const MAX_LISTED = 5

/**
 * Finds the id of a run by the id itself, or by a prefix or suffix that only one run has.
 * @throws RUN_NOT_FOUND when no run matches; the message says so if the run was pruned
 * @throws STORE_TAMPERED when only the reports know such a run
 * @throws USAGE when several runs match
 */
export async function findRunId({ store, folder }: Home, text: string): Promise<string> {
  const found = await store.idsLike(text, MAX_LISTED)
  if (found.includes(text)) return text
  const [first] = found
  if (first === undefined) throw await runNotFound({ store, folder }, text)
  if (found.length === 1) return first
  throw new CutterError('USAGE', `${text} could be several runs: ${found.join(', ')}`, {
    next: 'give more of the id',
  })
}

/**
 * Finds a run by its id, prefix or suffix, and checks its record: history, snapshot, evidence, approvals.
 * @throws STORE_TAMPERED when the record does not hold, and what `findRunId` throws
 */
export async function findRun(home: Home, text: string): Promise<Run> {
  const { store, reports } = home
  return loadRun({ store, reports }, await findRunId(home, text))
}

async function runNotFound(
  { store, folder }: Pick<Home, 'store' | 'folder'>,
  text: string,
): Promise<CutterError> {
  const [pruned] = await store.prunedLike(text)
  if (pruned !== undefined) return prunedRunError(pruned)
  const reported = findReportedRun(folder, text)
  if (reported !== null) return lostRunError(reported.runId, reported.seq)
  return noSuchRunError(text)
}
