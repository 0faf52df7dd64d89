import type { RunStore } from '../../store/run-store.ts'

/** A sentence for each history whose run somebody deleted from the store by hand. */
export async function describeLostRuns(store: Pick<RunStore, 'historiesWithoutRun'>): Promise<string[]> {
  const ids = await store.historiesWithoutRun()
  return ids.map(
    (runId) =>
      `the store has the history of run ${runId}, but not the run: somebody deleted its row; restore a backup (cutter store restore)`,
  )
}
