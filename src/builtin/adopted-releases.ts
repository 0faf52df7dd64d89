import type { AdoptedRelease } from '../effects/deploy/adopted-release.ts'
import { loadRun } from '../engine/load-run.ts'
import type { RunStore } from '../store/run-store.ts'

/** Adoptions that are read at most, the newest first. */
const MAX_READ = 1_000

/**
 * The releases that this home has adopted, the newest adoption of each.
 * @throws STORE_TAMPERED when the record of an adoption does not hold
 */
export async function listAdopted(store: RunStore): Promise<AdoptedRelease[]> {
  const runs = await store.list({ machine: 'adopt', status: 'closed', limit: MAX_READ })
  if (runs.length === 0) return []
  const { readAdopted } = await import('../effects/deploy/adopted-release.ts')
  const found = new Map<string, AdoptedRelease>()
  for (const { runId } of runs) {
    const adopted = readAdopted(await loadRun({ store }, runId))
    if (adopted !== null && !found.has(adopted.run)) found.set(adopted.run, adopted)
  }
  return [...found.values()]
}
