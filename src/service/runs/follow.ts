import { setTimeout as sleep } from 'node:timers/promises'
import type { Home } from '../../app/open-home.ts'
import type { HistoryEntry } from '../../domain/history-entry.ts'
import { findRunId } from './find-run.ts'

export interface FollowRunInput {
  /** Id, or a unique prefix or suffix of one. */
  run: string
  /** `seq` of the last entry that the caller has; 0 for none. */
  after: number
}

/** How often a run that was not moved is read again, in milliseconds. */
const POLL_MS = 200

/**
 * Follows the history of a run: first the entries that the caller lacks, then each one as it is saved, by whichever process. The history
 * is the buffer, so a caller may continue from any entry at any time. Yields null where nothing was saved for a while. Ends with the last
 * entry of a closed run, when `signal` aborts, or when the home is interrupted.
 * @throws RUN_NOT_FOUND, USAGE when several runs match
 */
export async function followRun(
  home: Home,
  { run, after }: FollowRunInput,
  signal: AbortSignal,
): Promise<{ runId: string; entries: AsyncGenerator<HistoryEntry | null, void> }> {
  const runId = await findRunId(home, run)
  return { runId, entries: entriesAfter(home, { runId, after }, signal) }
}

async function* entriesAfter(
  { store, interrupt }: Home,
  { runId, after }: { runId: string; after: number },
  signal: AbortSignal,
): AsyncGenerator<HistoryEntry | null, void> {
  let last = after
  while (!signal.aborted && !interrupt.aborted) {
    const run = await store.run(runId)
    if (run === null) return
    if (run.seq > last) {
      for (const entry of (await store.history(runId)).filter(({ seq }) => seq > last)) {
        last = entry.seq
        yield entry
      }
    } else yield null
    if (run.status === 'closed' && run.seq <= last) return
    await sleep(POLL_MS)
  }
}
