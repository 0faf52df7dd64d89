import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { Sql } from '../../targets/target.ts'
import { actorOf } from './document-writer.ts'
import { EXECUTOR_REVISION, governanceIds } from './governance-ids.ts'
import { buildReviewRow, insertRows, requireApproval } from './governance-rows.ts'
import { moveUnits, writeAliases, writeSourceIds } from './lifecycle-calls.ts'
import type { LifecyclePlan } from './lifecycle-plan.ts'

/**
 * Makes the calls of an enactment in the present transaction: the row of the review, the lifecycle functions, the aliases, and the day of
 * commencement, if the plan names one. A rehearsal makes the same calls.
 *
 * @throws Stop STOP_DRIFT when a unit would not move.
 */
export async function enactUnits(sql: Sql, context: EffectContext, plan: LifecyclePlan): Promise<void> {
  const approval = await requireApproval(context)
  const { changeSetId, envelopeId } = governanceIds(context.runId)
  const reviewId = await requireReviewId(context)
  const event = plan.actions.every(({ action }) => action === 'enact') ? 'enact' : 'lifecycle'
  await insertRows(sql, 'cutter_governance.review_decision', [
    buildReviewRow(approval, reviewId, event, envelopeId),
  ])
  const shared = [
    actorOf(context),
    reviewId,
    changeSetId,
    approval.statement.reason || null,
    EXECUTOR_REVISION,
  ]
  const changed = await moveUnits(sql, plan.actions, shared)
  if (changed < plan.actions.length) {
    throw new Stop(
      'STOP_DRIFT',
      `only ${changed} of ${plan.actions.length} units would have moved, so the transaction was rolled back; nothing was enacted`,
    )
  }
  await writeAliases(sql, context, plan.aliases)
  await writeSourceIds(sql, context, plan)
  if (plan.commencesOn !== undefined)
    await insertRows(sql, 'cutter_reading.commencement', [
      { change_set_id: changeSetId, commences_on: plan.commencesOn, created_by: actorOf(context) },
    ])
}

/**
 * Returns the id of the review that the approval's statement names.
 *
 * @throws Stop STOP_INTERNAL when it names none.
 */
export async function requireReviewId(context: EffectContext): Promise<string> {
  const { statement, approvalId } = await requireApproval(context)
  if (statement.reviewDecisionId !== undefined) return statement.reviewDecisionId
  throw new Stop('STOP_INTERNAL', `approval ${approvalId} names no review decision`)
}
