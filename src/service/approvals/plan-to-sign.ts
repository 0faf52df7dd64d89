import type { Home } from '../../app/open-home.ts'
import type { Decision } from '../../domain/approval.ts'
import { findLostEvidence } from '../../domain/lost-evidence.ts'
import { visible } from '../../domain/visible.ts'
import { loadRunRecord } from '../../engine/load-run.ts'
import { findRunId } from '../runs/find-run.ts'
import { renderRunPlan } from '../runs/readable-plan.ts'

/** What the decision means, in front of the plan. */
const MEANING: { [decision in Decision]: string } = {
  approve: 'You approve the plan below: the run may do what it says.',
  reject: 'You reject the plan below: the run closes.',
  void: 'You declare approvals of the plan below void.',
  abandon: 'You abandon the run of the plan below: it closes, although a write may be unsettled.',
}

/** What is shown before a signature. */
export interface PlanToSign {
  lines: string[]
  /** Null for a run without a plan. */
  planDigest: string | null
}

/**
 * The plan for people on which somebody decides, to be shown before the signature: a digest alone tells nobody what is signed.
 * @param given.run id, or a unique prefix or suffix of one
 * @throws RUN_NOT_FOUND, STORE_TAMPERED
 */
export async function planToSign(
  home: Home,
  given: { run: string; as: string; decision: Decision },
): Promise<PlanToSign> {
  const acceptsLost = given.decision === 'abandon'
  const record = await loadRunRecord(home, await findRunId(home, given.run), { acceptsLost })
  const { run, history, evidence, contents } = record
  const head = [`${visible(given.as)}: ${MEANING[given.decision]}`, '']
  const { planDigest } = run
  if (planDigest === null)
    return { planDigest, lines: [...head, `run ${run.runId} has no plan yet, in ${run.state}`] }
  if (acceptsLost && findLostEvidence(history, evidence, contents).length > 0)
    return {
      planDigest,
      lines: [...head, `the store has lost evidence of run ${run.runId}, so no plan of it is shown`],
    }
  const text = await renderRunPlan(home.store, run, { page: null, pageSize: 200 })
  return { planDigest, lines: [...head, ...text.trimEnd().split('\n'), ''] }
}
