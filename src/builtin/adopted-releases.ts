import type { AdoptedRelease } from '../effects/deploy/adopted-release.ts'
import { loadRun } from '../engine/load-run.ts'
import type { RunStore } from '../store/run-store.ts'

/** Adoptions that are read at most, the newest first. */
const MAX_READ = 1_000

/**
 * The releases that this home has adopted, the newest adoption of each. A deploy to several hosts made one on each of them.
 * @throws STORE_TAMPERED when the record of an adoption does not hold
 */
export async function listAdopted(store: RunStore): Promise<AdoptedRelease[]> {
  const runs = await store.list({ machine: 'adopt', status: 'closed', limit: MAX_READ })
  if (runs.length === 0) return []
  const { readAdopted } = await import('../effects/deploy/adopted-release.ts')
  const found = new Map<string, AdoptedRelease>()
  for (const { runId } of runs) {
    for (const adopted of readAdopted(await loadRun({ store }, runId))) {
      const { run, target, host } = adopted
      const release = [run, host.hostKey, host.machineId, target].join(' ')
      if (!found.has(release)) found.set(release, adopted)
    }
  }
  return [...found.values()]
}
