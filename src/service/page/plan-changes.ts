import type { Home } from '../../app/open-home.ts'
import { planSource } from '../../app/plan-source.ts'
import { CutterError } from '../../domain/errors.ts'
import type { DifferentPart } from '../../domain/plan-difference.ts'
import { describePair, listPlanPairs } from '../../reports/changed-plans.ts'
import { findRun } from '../runs/find-run.ts'

export interface PlanChanges {
  /** The digest of the plan with which the run came to this gate before; null when it came here once only, or always with this plan. */
  from: string | null
  to: string
  /** The entry at which the run came here with the earlier plan. */
  fromSeq: number | null
  /** What the last check at the gate found, in its own words. */
  because: string[]
  /** What differs, in words, by the parts of the plan. */
  parts: DifferentPart[]
}

/**
 * Compares the plan at which a run waits with the one with which it came to the same gate before, which people may have approved.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, USAGE when several runs match; INPUT_REFUSED when the run has no plan
 */
export async function readPlanChanges(home: Home, { run: text }: { run: string }): Promise<PlanChanges> {
  const { runId, state, gate, planDigest } = await findRun(home, text)
  if (planDigest === null)
    throw new CutterError('INPUT_REFUSED', `run ${runId} has no plan yet, in ${state}`, {
      next: `cutter run show ${runId}`,
    })
  const { store } = home
  const pair = listPlanPairs(await store.history(runId)).findLast(
    (one) => one.gate === gate && one.to === planDigest,
  )
  if (pair === undefined) return { from: null, to: planDigest, fromSeq: null, because: [], parts: [] }
  const { from, to, fromSeq, because } = pair
  const parts = await describePair(
    pair,
    planSource((digest) => store.evidence(digest)),
  )
  if (parts !== null) return { from, to, fromSeq, because, parts }
  throw new CutterError('STORE_TAMPERED', `the plan ${from} or ${to} is missing from the store`)
}
