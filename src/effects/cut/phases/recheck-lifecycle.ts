import { z } from 'zod'
import { Stop } from '../../../domain/errors.ts'
import { digestOf } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { type CutDeps, openWriteTarget } from '../deps.ts'
import { driftError } from '../drift.ts'
import { type LifecyclePlan, lifecycleDifferences, planLifecycle } from '../lifecycle-plan.ts'
import type { CutPlan } from '../plan.ts'

/** Phase `recheck_lifecycle`, the last check at SG2: the drafts have the same texts and the same functions and guards. */
export function recheckLifecycle(deps: CutDeps) {
  return readEffect({
    name: 'recheck_lifecycle',
    input: z.object({
      document: z.string(),
      target: z.string(),
      planDigest: z.string(),
      cutPlanDigest: z.string(),
    }),
    output: z.looseObject({ planDigest: z.string() }),
    async look(context, { document, target, planDigest, cutPlanDigest }) {
      const approved = await readJsonEvidence<LifecyclePlan>(context, planDigest)
      const plan = await readJsonEvidence<CutPlan>(context, cutPlanDigest)
      const { survey } = await (await openWriteTarget(deps, context, target)).survey(context, document)
      return lifecycleDifferences(approved, plan, survey, context.mode)
    },
    async execute(context, { document, target, planDigest, cutPlanDigest }) {
      const approved = await readJsonEvidence<LifecyclePlan>(context, planDigest)
      const plan = await readJsonEvidence<CutPlan>(context, cutPlanDigest)
      const { survey } = await (await openWriteTarget(deps, context, target)).survey(context, document)
      // No new plan is offered here, because nothing was rehearsed behind changed guards. The approval counts again once they are restored.
      const differences = lifecycleDifferences(approved, plan, survey, context.mode)
      if (differences.length > 0) {
        const next = 'restore the approved state, then resume with the same approval'
        throw driftError('the target has changed since the plan was approved', differences, next)
      }
      if (digestOf(planLifecycle(plan, survey.units, survey.surface)) !== planDigest)
        throw new Stop('STOP_DRIFT', 'the lifecycle plan, made again, differs from the approved plan')
      return { output: { planDigest, report: { recheck: null } } }
    },
  })
}
