import type { Home } from '../../app/open-home.ts'
import { findReportedRun } from '../../app/run-reports.ts'
import { CutterError, noSuchRunError, prunedRunError } from '../../domain/errors.ts'
import { lostRunError } from '../../domain/lost-entries.ts'
import type { Run } from '../../domain/run.ts'
import { loadRun } from '../../engine/load-run.ts'
import { isInScope, isLimited } from '../access/scope.ts'

/** Ids that an error about an ambiguous text lists at most. */
const MAX_LISTED = 5
/** Ids that are looked through at most for a caller whose token reaches some of them. */
const MAX_SEARCHED = 1_000

/**
 * Finds the id of a run by the id itself, or by a prefix or suffix that only one run has. A caller with a token finds only the runs that the
 * token reaches.
 * @throws RUN_NOT_FOUND when no run matches; the message says so if the run was pruned
 * @throws STORE_TAMPERED when only the reports know such a run
 * @throws USAGE when several runs match
 */
export async function findRunId(
  home: Pick<Home, 'store' | 'folder' | 'caller'>,
  text: string,
): Promise<string> {
  const found = await idsInScope(home, text)
  if (found.includes(text)) return text
  const [first] = found
  if (first === undefined) throw await runNotFound(home, text)
  if (found.length === 1) return first
  throw new CutterError('USAGE', `${text} could be several runs: ${found.slice(0, MAX_LISTED).join(', ')}`, {
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

/** Nothing tells a caller whether there are runs that its token does not reach. */
async function idsInScope(
  { store, caller }: Pick<Home, 'store' | 'caller'>,
  text: string,
): Promise<string[]> {
  if (!isLimited(caller)) return store.idsLike(text, MAX_LISTED)
  const reached: string[] = []
  for (const runId of await store.idsLike(text, MAX_SEARCHED)) {
    const run = await store.run(runId)
    if (run !== null && isInScope({ caller }, run)) reached.push(runId)
  }
  return reached
}

async function runNotFound(
  { store, folder, caller }: Pick<Home, 'store' | 'folder' | 'caller'>,
  text: string,
): Promise<CutterError> {
  if (isLimited(caller)) return noSuchRunError(text)
  const [pruned] = await store.prunedLike(text)
  if (pruned !== undefined) return prunedRunError(pruned)
  const reported = findReportedRun(folder, text)
  if (reported !== null) return lostRunError(reported.runId, reported.seq)
  return noSuchRunError(text)
}
