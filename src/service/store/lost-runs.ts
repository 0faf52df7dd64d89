import type { RunStore } from '../../store/run-store.ts'

/** A sentence for each history whose run somebody deleted from the store by hand. `all` as in `historiesWithoutRun`. */
export async function describeLostRuns(
  store: Pick<RunStore, 'historiesWithoutRun'>,
  options: { all: boolean },
): Promise<string[]> {
  const ids = await store.historiesWithoutRun(options)
  return ids.map(
    (runId) =>
      `the store has the history of run ${runId}, but not the run: somebody deleted its row; restore a backup (cutter store restore)`,
  )
}
