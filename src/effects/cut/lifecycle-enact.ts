import { z } from 'zod'
import type { EffectContext, Probe, WriteEffect } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { Sql, Target } from '../../targets/target.ts'
import { driftStop } from './drift.ts'
import { approvalOf, EXECUTOR_REVISION, governanceIds, insertRows, reviewRow } from './leg-b.ts'
import { type LifecyclePlan, lifecycleDifferences } from './lifecycle-plan.ts'
import type { CutPlan } from './plan.ts'
import { actorOf, type CutWorld, jsonOf, lockDocument } from './world.ts'
import { writeEffect } from './write-effect.ts'

const input = z.object({
  document: z.string(),
  target: z.string(),
  planDigest: z.string(),
  cutPlanDigest: z.string(),
})
const output = z.looseObject({ enacted: z.number() })
type Input = z.infer<typeof input>
type Output = z.infer<typeof output>

/** Brings the drafts into force, in one transaction, through `fn_iu_enact` under the review that SG2's statement is. */
export function lifecycleEnact(world: CutWorld): WriteEffect<Input, Output> {
  const at = async (target: Target, context: EffectContext, given: Input) => {
    const plan = await jsonOf<LifecyclePlan>(context, given.planDigest)
    const cut = await jsonOf<CutPlan>(context, given.cutPlanDigest)
    const enacted = await target.write('executor', context, async (sql) => {
      await lockDocument(sql, given.document)
      await refuseDrift(target, sql, context, { plan, cut })
      return enact(sql, context, plan)
    })
    return resultOf(enacted)
  }
  return writeEffect(world, { name: 'lifecycle_enact', input, output, write: at, committed: probeAt })
}

/**
 * The review's row is written in the transaction that enacts, for this run's manifest, so it tells whether that committed. A row
 * of that id for another manifest is somebody else's decision, and stands for nothing here.
 */
async function probeAt(target: Target, context: EffectContext, given: Input): Promise<Probe<Output>> {
  const reviewId = await reviewIdOf(context)
  const plan = await jsonOf<LifecyclePlan>(context, given.planDigest)
  return target.write('executor', context, async (sql): Promise<Probe<Output>> => {
    await lockDocument(sql, given.document)
    const { rows } = await sql.query<{ manifest: string | null; enacted: number }>(
      `select manifest_id as manifest,
         (select count(*)::int from public.iu_lifecycle_log where review_decision_id = $1) as enacted
       from cutter_governance.review_decision where review_decision_id = $1`,
      [reviewId],
    )
    const [found] = rows
    if (found === undefined) return { outcome: 'not-committed' }
    if (found.manifest !== governanceIds(context.runId).envelopeId) {
      throw new Stop(
        'STOP_REFUSED_INPUT',
        `the review decision ${reviewId} is already recorded for another manifest; nothing was enacted`,
        {
          next: 'cancel this run (its drafts stay drafts) and start another',
        },
      )
    }
    if (found.enacted === plan.actions.length) return { outcome: 'committed', ...resultOf(found.enacted) }
    const why = `${found.enacted} of ${plan.actions.length} units are enacted, though one transaction enacts them all`
    return { outcome: 'unknown', why }
  })
}

async function reviewIdOf(context: EffectContext): Promise<string> {
  const { statement, approvalId } = await approvalOf(context)
  if (statement.reviewDecisionId !== undefined) return statement.reviewDecisionId
  throw new Stop('STOP_INTERNAL', `approval ${approvalId} names no review decision`)
}

async function refuseDrift(
  target: Target,
  sql: Sql,
  { mode }: EffectContext,
  { plan, cut }: { plan: LifecyclePlan; cut: CutPlan },
): Promise<void> {
  const found = await target.surveyWithin(sql, plan.document)
  const differences = lifecycleDifferences(plan, cut, found, mode)
  if (differences.length === 0) return
  throw driftStop(
    'the target is no longer as the approved plan says',
    differences,
    'cancel this run; its drafts stay drafts',
    'nothing was enacted',
  )
}

async function enact(sql: Sql, context: EffectContext, plan: LifecyclePlan): Promise<number> {
  const approval = await approvalOf(context)
  const { changeSetId, envelopeId } = governanceIds(context.runId)
  const reviewId = await reviewIdOf(context)
  await insertRows(sql, 'cutter_governance.review_decision', [
    reviewRow(approval, reviewId, 'enact', envelopeId),
  ])
  if (plan.actions.length === 0) return 0
  const { rows } = await sql.query<{ changed: boolean }>(
    `select done.changed
     from unnest($1::text[]) with ordinality as u (address, n),
     lateral public.fn_iu_enact(
       p_address => u.address, p_actor => $2, p_review_decision_id => $3, p_change_set_id => $4, p_reason => $5,
       p_tool_revision => $6) as done
     order by u.n`,
    [
      plan.actions.map(({ address }) => address),
      actorOf(context),
      reviewId,
      changeSetId,
      approval.statement.reason || null,
      EXECUTOR_REVISION,
    ],
  )
  const changed = rows.filter((row) => row.changed).length
  if (changed === plan.actions.length) return changed
  throw new Stop(
    'STOP_DRIFT',
    `${changed} of ${plan.actions.length} units would have been enacted; all or none, so nothing was`,
  )
}

function resultOf(enacted: number) {
  return { output: { enacted, report: { enacted } } }
}
