import type { Home } from '../../app/open-home.ts'
import { type Reasons, readReasons } from '../../domain/decisions.ts'
import type { HistoryEntry } from '../../domain/history-entry.ts'
import { findRunId } from './find-run.ts'

export interface ReadRunHistoryInput {
  /** Id, or a unique prefix or suffix of one. */
  run: string
  /** Check the hash chain, replay the run on its machine, and check its evidence. */
  verify: boolean
}

/**
 * Reads the history of a run. `entries` is what `--json` prints.
 * @throws RUN_NOT_FOUND, USAGE when several runs match
 * @throws STORE_TAMPERED when `verify` is asked for and the record does not hold
 */
export async function readRunHistory(
  home: Home,
  { run, verify }: ReadRunHistoryInput,
): Promise<{ runId: string; entries: HistoryEntry[] }> {
  const runId = await findRunId(home, run)
  const entries = await home.store.history(runId)
  if (verify) {
    const { verifyRun } = await import('../../engine/verify-run.ts')
    await verifyRun((await home.app()).deps, runId)
  }
  return { runId, entries }
}

/** The reasons that people gave for their decisions on a run that was found before. */
export const readRunReasons = async ({ store }: Pick<Home, 'store'>, runId: string): Promise<Reasons> =>
  readReasons(await store.approvals(runId))
