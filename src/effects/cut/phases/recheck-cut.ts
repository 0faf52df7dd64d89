import { z } from 'zod'
import { type ReadEffect, withUnsavedEvidence } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { bytesEvidence, jsonEvidence } from '../../../domain/evidence.ts'
import { digestOf, type Json } from '../../../domain/json.ts'
import { readCurrentTexts } from '../current-texts.ts'
import { type CutDeps, openWriteTarget, readJsonEvidence } from '../deps.ts'
import {
  driftError,
  limitDifferences,
  planDifferences,
  summariseDifferences,
  withDriftNamed,
} from '../drift.ts'
import { type LifecyclePlan, lifecycleDifferences, planLifecycle } from '../lifecycle-plan.ts'
import type { CutPlan } from '../plan.ts'
import { type PlannedCut, plannedResult, planOnce, planTwice } from './cutplan.ts'
import { grantProbe } from './grant-probe.ts'
import { backUpDocument } from './pre-write-backup.ts'

const input = z.object({
  document: z.string(),
  source: z.string(),
  profile: z.string().optional(),
  accept: z.string().optional(),
  target: z.string(),
  planDigest: z.string(),
})
const output = z.looseObject({ planDigest: z.string() })

/**
 * The last check at SG1: source and target are read again and the plan is made again. The same digest: the approval covers it.
 * Another: the run falls back to its gate with the new plan, survey and backup, and says what differs.
 */
export function recheckCut(deps: CutDeps): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'recheck_cut',
    kind: 'read',
    input,
    output,
    async execute(context, { document, source, profile, accept, target, planDigest }) {
      const bytes = await deps.readSource(source)
      const there = await deps.target(target)
      const { survey } = await there.survey(context, document)
      const inForce = await readCurrentTexts(there, context, survey)
      const unitCap = deps.caps.units
      const differences = async (plan: CutPlan | null) =>
        planDifferences(await readJsonEvidence<CutPlan>(context, planDigest), {
          bytes,
          survey,
          unitCap,
          plan,
        })
      const given = { document, profile, accept, bytes, survey, inForce }
      // The plan that was approved is the other of two where nothing differs.
      const { plan, evidence }: PlannedCut = await withDriftNamed(
        () => differences(null),
        () => planOnce(deps, context, given),
      )
      if (evidence.digest === planDigest) return { output: { planDigest, report: { recheck: null } } }

      const planned = plannedResult(planTwice(deps, context, given))
      const differ = await differences(plan)
      const pinned = bytesEvidence('source', 'application/octet-stream', bytes)
      const surveyed = jsonEvidence('survey/before', survey)
      const { evidence: backup } = await backUpDocument(there, context, document)
      const made = [...planned.evidence, pinned, surveyed, backup]
      // No plan is offered for approval unless grants were probed and its calls rehearsed behind the guards as they are now.
      const toProbe = {
        document,
        target,
        planDigest: planned.output.planDigest,
        sourceDigest: pinned.digest,
        backupDigest: backup.digest,
      }
      const probed = await withDriftNamed(
        async () => differ,
        () => grantProbe(deps).execute(withUnsavedEvidence(context, made), toProbe),
      )
      return {
        output: {
          ...probed.output,
          ...planned.output,
          sourceDigest: pinned.digest,
          sourceSha256: plan.source.sha256,
          sourceVersionId: plan.source.sourceVersionId,
          surveyDigest: surveyed.digest,
          backupDigest: backup.digest,
          report: {
            ...planned.output.report,
            sourceSha256: plan.source.sha256,
            sourceBytes: bytes.length,
            sourceVersionId: plan.source.sourceVersionId,
            units: plan.actions.length,
            counts: { before: survey.counts as unknown as Json, after: null },
            recheck: { message: summariseDifferences(differ), differences: limitDifferences(differ) },
          },
        },
        evidence: [...made, ...(probed.evidence ?? [])],
      }
    },
  }
}

const lifecycleInput = z.object({
  document: z.string(),
  target: z.string(),
  planDigest: z.string(),
  cutPlanDigest: z.string(),
})

/** The last check at SG2: the drafts are still there, with their texts, behind the same functions and guards. */
export function recheckLifecycle(
  deps: CutDeps,
): ReadEffect<z.infer<typeof lifecycleInput>, z.infer<typeof output>> {
  return {
    name: 'recheck_lifecycle',
    kind: 'read',
    input: lifecycleInput,
    output,
    async execute(context, { document, target, planDigest, cutPlanDigest }) {
      const approved = await readJsonEvidence<LifecyclePlan>(context, planDigest)
      const plan = await readJsonEvidence<CutPlan>(context, cutPlanDigest)
      const { survey } = await (await openWriteTarget(deps, context, target)).survey(context, document)
      // No new plan is offered here: behind other guards nothing was rehearsed. Put back as it was, the approval counts.
      const differences = lifecycleDifferences(approved, plan, survey, context.mode)
      if (differences.length > 0) {
        const next = 'set that right, then bring the same approval again'
        throw driftError('the target is no longer as the approved plan says', differences, next)
      }
      if (digestOf(planLifecycle(plan, survey.units, survey.surface)) !== planDigest)
        throw new Stop('STOP_DRIFT', 'the lifecycle plan made anew is another')
      return { output: { planDigest, report: { recheck: null } } }
    },
  }
}
