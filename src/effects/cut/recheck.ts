import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { bytesEvidence, type Evidence, jsonEvidence } from '../../domain/evidence.ts'
import { digestOf, type Json } from '../../domain/json.ts'
import { surfaceDifferences } from '../../targets/survey.ts'
import { plannedResult, planTwice } from './cutplan.ts'
import { grantProbe } from './grant-probe.ts'
import { type LifecyclePlan, planLifecycle } from './lifecycle-plan.ts'
import { type CutPlan, driftFrom } from './plan.ts'
import { backUp } from './pre-write-backup.ts'
import { type CutWorld, jsonOf, place } from './world.ts'

const input = z.object({
  document: z.string(),
  source: z.string(),
  profile: z.string().optional(),
  target: z.string(),
  planDigest: z.string(),
})
const output = z.looseObject({ planDigest: z.string() })

/**
 * The last check at SG1: source and target are read again and the plan is made again. The same digest: the approval covers it.
 * Another: the run falls back to its gate with the new plan, survey and backup, and says what differs.
 */
export function recheckCut(world: CutWorld): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'recheck_cut',
    kind: 'read',
    input,
    output,
    async execute(context, { document, source, profile, target, planDigest }) {
      const bytes = await world.readSource(source)
      const there = await world.target(target)
      const { survey } = await there.survey(context, document)
      const plan = planTwice(world, context, { document, profile, bytes, survey })
      const planned = plannedResult(plan)
      if (planned.output.planDigest === planDigest)
        return { output: { planDigest, report: { recheck: null } } }

      const before = await jsonOf<CutPlan>(context, planDigest)
      const pinned = bytesEvidence('source', 'application/octet-stream', bytes)
      const surveyed = jsonEvidence('survey/before', survey)
      const { evidence: backup } = await backUp(there, context, document)
      const made = [...planned.evidence, pinned, surveyed, backup]
      // No plan is offered for approval unless grants were probed and its calls rehearsed behind the guards as they are now.
      const probed = await grantProbe(world).execute(knowing(context, made), {
        document,
        target,
        planDigest: planned.output.planDigest,
        sourceDigest: pinned.digest,
        backupDigest: backup.digest,
      })
      const differences = differencesOf(before, plan)
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
            sourceVersionId: plan.source.sourceVersionId,
            units: plan.actions.length,
            counts: { before: survey.counts as unknown as Json, after: null },
            recheck: { message: differences.slice(0, 5).join('; '), differences: differences.slice(0, 100) },
          },
        },
        evidence: [...made, ...(probed.evidence ?? [])],
      }
    },
  }
}

/** The context with evidence that is saved only once this effect has come to its end. */
const knowing = (context: EffectContext, made: Evidence[]): EffectContext => ({
  ...context,
  evidence: async (digest) =>
    made.find((one) => one.digest === digest)?.bytes ?? (await context.evidence(digest)),
})

function differencesOf(before: CutPlan, now: CutPlan): string[] {
  const lines: string[] = []
  if (before.source.sha256 !== now.source.sha256) lines.push('the source file has another text')
  if (before.target.systemIdentifier !== now.target.systemIdentifier)
    lines.push('the target is another server')
  if (before.target.database !== now.target.database) lines.push('the target is another database')
  if (before.target.serverVersion !== now.target.serverVersion) lines.push('the server has another version')
  if (before.limits.units !== now.limits.units) lines.push('the cap on units is another')
  lines.push(
    ...driftFrom(
      before.expected,
      now.expected,
      surfaceDifferences(before.expected.surface, now.expected.surface),
    ),
  )
  return lines.length === 0 ? ['the plan is another'] : lines
}

const lifecycleInput = z.object({
  document: z.string(),
  target: z.string(),
  planDigest: z.string(),
  cutPlanDigest: z.string(),
})

/** The last check at SG2: the drafts are still there, with their texts, behind the same functions and guards. */
export function recheckLifecycle(
  world: CutWorld,
): ReadEffect<z.infer<typeof lifecycleInput>, z.infer<typeof output>> {
  return {
    name: 'recheck_lifecycle',
    kind: 'read',
    input: lifecycleInput,
    output,
    async execute(context, { document, target, planDigest, cutPlanDigest }) {
      const approved = await jsonOf<LifecyclePlan>(context, planDigest)
      const plan = await jsonOf<CutPlan>(context, cutPlanDigest)
      const { survey } = await (await place(world, context, target)).survey(context, document)
      const guards = surfaceDifferences(approved.expected.surface, survey.surface)
      if (guards.length > 0) {
        // No new plan is offered here: behind other guards nothing was rehearsed. Put back as they were, the approval counts.
        throw new Stop(
          'STOP_DRIFT',
          `the target’s guards are not those of the plan: ${guards.slice(0, 5).join('; ')}`,
          {
            next: 'set them right, then bring the same approval again',
            data: { differences: guards.slice(0, 100) },
          },
        )
      }
      if (digestOf(planLifecycle(plan, survey.units, survey.surface)) !== planDigest) {
        throw new Stop('STOP_DRIFT', 'the drafts are no longer those of the plan')
      }
      return { output: { planDigest, report: { recheck: null } } }
    },
  }
}
