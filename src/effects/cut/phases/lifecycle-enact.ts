import { z } from 'zod'
import type { EffectContext, EffectResult, Probe } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import type { Sql, Target } from '../../../targets/target.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { CutDeps } from '../deps.ts'
import { lockDocument } from '../document-writer.ts'
import { driftError } from '../drift.ts'
import { enactUnits, requireReviewId } from '../enact-units.ts'
import { governanceIds } from '../governance-ids.ts'
import { countEdges, type LifecyclePlan, lifecycleDifferences } from '../lifecycle-plan.ts'
import type { CutPlan } from '../plan.ts'
import { targetWrite } from '../target-write.ts'

const input = z.object({
  document: z.string(),
  target: z.string(),
  planDigest: z.string(),
  cutPlanDigest: z.string(),
})
const output = z.looseObject({ enacted: z.number(), edges: z.number() })
type Input = z.infer<typeof input>
type Output = z.infer<typeof output>

/**
 * Phase `lifecycle_enact`: brings the drafts into force and ends what they replace, in one transaction, through the lifecycle functions,
 * under the review of SG2's statement. The aliases are written in the same transaction.
 */
export function lifecycleEnact(deps: CutDeps) {
  return targetWrite(deps, { name: 'lifecycle_enact', input, output, write, committed })
}

async function write(target: Target, context: EffectContext, given: Input): Promise<EffectResult<Output>> {
  const plan = await readJsonEvidence<LifecyclePlan>(context, given.planDigest)
  const cut = await readJsonEvidence<CutPlan>(context, given.cutPlanDigest)
  await target.write('executor', context, async (sql) => {
    await lockDocument(sql, given.document)
    await assertNoDrift(target, sql, context, { plan, cut })
    await enactUnits(sql, context, plan)
  })
  return resultOf(plan)
}

/**
 * The row of the review, for this run's manifest, proves that the enacting transaction committed. A row of that id for another manifest
 * belongs to another decision and proves nothing.
 */
async function committed(target: Target, context: EffectContext, given: Input): Promise<Probe<Output>> {
  const reviewId = await requireReviewId(context)
  const plan = await readJsonEvidence<LifecyclePlan>(context, given.planDigest)
  return target.write('executor', context, async (sql): Promise<Probe<Output>> => {
    await lockDocument(sql, given.document)
    const { rows } = await sql.query<{ manifest: string | null; edges: number }>(
      `select manifest_id as manifest,
         (select count(*)::int from public.iu_lifecycle_log where review_decision_id = $1) as edges
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
    const planned = countAllEdges(plan)
    if (found.edges === planned) return { outcome: 'committed', ...resultOf(plan) }
    const why = `${found.edges} of ${planned} lifecycle moves exist, although one transaction makes all of them`
    return { outcome: 'unknown', why }
  })
}

async function assertNoDrift(
  target: Target,
  sql: Sql,
  { mode }: EffectContext,
  { plan, cut }: { plan: LifecyclePlan; cut: CutPlan },
): Promise<void> {
  const found = await target.surveyWithin(sql, plan.document)
  const differences = lifecycleDifferences(plan, cut, found, mode)
  if (differences.length === 0) return
  throw driftError(
    'the target has changed since the plan was approved',
    differences,
    'cancel this run; its drafts stay drafts',
    'nothing was enacted',
  )
}

function resultOf(plan: LifecyclePlan) {
  const count = (action: string) => plan.actions.filter((one) => one.action === action).length
  const [superseded, revived, ended] = [count('supersede'), count('revive'), count('retire')]
  const enacted = plan.actions.length - ended
  const report = {
    enacted,
    ...(superseded > 0 ? { superseded } : {}),
    ...(revived > 0 ? { revived } : {}),
    ...(ended > 0 ? { ended } : {}),
    ...(plan.aliases.length > 0 ? { aliases: plan.aliases.length } : {}),
  }
  return { output: { enacted, edges: countAllEdges(plan), report } }
}

const countAllEdges = ({ actions }: LifecyclePlan) =>
  actions.reduce((sum, action) => sum + countEdges(action), 0)
