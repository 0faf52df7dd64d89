import type { Home } from '../../app/open-home.ts'
import { type Abandoned, digestOfAbandoned } from '../../domain/begun-writes.ts'
import { loadRun } from '../../engine/load-run.ts'
import { prepareAbandonment } from '../../engine/prepare-abandonment.ts'
import { findRunId } from '../runs/find-run.ts'

/**
 * The list that a statement abandons, for people who sign its digest. Null when the run has moved since the statement was made, so that the
 * statement does not count any more.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED
 */
export async function readAbandoned(
  home: Home,
  { run, planDigest }: { run: string; planDigest: string },
): Promise<Abandoned | null> {
  const { deps } = await home.app()
  const runId = await findRunId(home, run)
  const found = await prepareAbandonment(deps, await loadRun(deps, runId, { acceptsLost: true }))
  return digestOfAbandoned(found) === planDigest ? found : null
}
