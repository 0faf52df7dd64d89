import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { entryMarks } from '../../domain/history-facts.ts'
import type { Json } from '../../domain/json.ts'
import { listPlanChanges, type PlanChange } from '../../reports/plan-changes.ts'
import { findRun } from '../runs/find-run.ts'

export interface PlanChanges {
  /** The digest of the plan with which the run came to this gate before; null when it came here once only, or always with this plan. */
  from: string | null
  to: string
  /** The entry at which the run came here with the earlier plan. */
  fromSeq: number | null
  changes: PlanChange[]
}

/**
 * Compares the plan at which a run waits with the one with which it came to the same gate before, which people may have approved.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, USAGE when several runs match; INPUT_REFUSED when the run has no plan
 */
export async function readPlanChanges(home: Home, { run: text }: { run: string }): Promise<PlanChanges> {
  const run = await findRun(home, text)
  if (run.planDigest === null)
    throw new CutterError('INPUT_REFUSED', `run ${run.runId} has no plan yet, in ${run.state}`, {
      next: `cutter run show ${run.runId}`,
    })
  const earlier = (await home.store.history(run.runId))
    .map((entry) => ({ seq: entry.seq, arrival: entryMarks(entry).arrival }))
    .findLast(
      ({ arrival }) =>
        arrival !== undefined &&
        arrival.gate === run.gate &&
        arrival.planDigest !== null &&
        arrival.planDigest !== run.planDigest,
    )
  const from = earlier?.arrival?.planDigest ?? null
  if (from === null) return { from, to: run.planDigest, fromSeq: null, changes: [] }
  const changes = await comparePlans(home, from, run.planDigest)
  return { from, to: run.planDigest, fromSeq: earlier!.seq, changes }
}

/**
 * Compares two plans by their digests, place by place.
 * @throws STORE_TAMPERED when one is missing
 */
async function comparePlans(home: Home, from: string, to: string): Promise<PlanChange[]> {
  const [before, after] = await Promise.all([planOf(home, from), planOf(home, to)])
  return listPlanChanges(before, after)
}

async function planOf({ store }: Home, digest: string): Promise<Json> {
  const bytes = await store.evidence(digest)
  if (bytes !== null) return JSON.parse(Buffer.from(bytes).toString('utf8')) as Json
  throw new CutterError('STORE_TAMPERED', `the plan ${digest} is missing from the store`)
}
