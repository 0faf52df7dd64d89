import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { findRun } from './find-run.ts'

export interface ReadRunPlanInput {
  /** Id, or a unique prefix or suffix of one. */
  run: string
  /** `json`: the canonical bytes. `markdown`: the plan for people. */
  format: 'json' | 'markdown'
  /** Of the Markdown: list the units of this page, counted from 1. */
  page?: number | undefined
  /** The number of units on a page. */
  pageSize: number
}

/**
 * Reads the plan of a run. As JSON these are the canonical bytes, without a final newline: their SHA-256 is `planDigest`.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, USAGE when several runs match
 * @throws INPUT_REFUSED when the run has no plan yet
 */
export async function readRunPlan(home: Home, given: ReadRunPlanInput): Promise<string | Uint8Array> {
  const { format, page = null, pageSize } = given
  const run = await findRun(home, given.run)
  if (run.planDigest === null) {
    throw new CutterError('INPUT_REFUSED', `run ${run.runId} has no plan yet, in ${run.state}`, {
      next: `cutter run show ${run.runId}`,
    })
  }
  if (format === 'json') return (await home.store.evidence(run.planDigest))!
  const { renderRunPlan } = await import('./readable-plan.ts')
  return renderRunPlan(home.store, run, { page, pageSize })
}
