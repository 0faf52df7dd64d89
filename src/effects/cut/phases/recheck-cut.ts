import { z } from 'zod'
import { type EffectContext, withUnsavedEvidence } from '../../../domain/effect.ts'
import { bytesEvidence, jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { readCurrentTexts } from '../current-texts.ts'
import { type CutDeps, readScanDeps } from '../deps.ts'
import { limitDifferences, summariseDifferences, withDriftNamed } from '../drift.ts'
import { backUpDocument } from '../narrow-backup.ts'
import { readingOfPlan } from '../pinned-reading.ts'
import type { CutPlan } from '../plan.ts'
import { planDifferences } from '../plan-differences.ts'
import { type PlannedCut, type PlanSource, plannedResult, planOnce, planTwice } from '../plan-twice.ts'
import { probeGrants } from '../probe-grants.ts'
import { readPriorText } from '../stored-text.ts'

/**
 * Phase `recheck_cut`, the last check at SG1: reads source and target again and plans again. If the digest is the same, the approval
 * covers the plan. Otherwise the run returns to its gate with the new plan, survey and backup, and reports the differences.
 */
export function recheckCut(deps: CutDeps) {
  return readEffect({
    name: 'recheck_cut',
    input: z.object({
      document: z.string(),
      source: z.string(),
      accept: z.string().optional(),
      target: z.string(),
      planDigest: z.string(),
    }),
    output: z.looseObject({ planDigest: z.string() }),
    async look(context, given) {
      const { plan, evidence, differences } = await planAsNow(deps, context, given)
      return evidence.digest === given.planDigest ? [] : differences(plan)
    },
    async execute(context, given) {
      const { plan, evidence, differences, from } = await planAsNow(deps, context, given)
      const { planDigest, target } = given
      if (evidence.digest === planDigest) return { output: { planDigest, report: { recheck: null } } }

      const changed = { ...from, plan, differences: differences(plan) }
      return offerNewPlan(deps, context, target, changed)
    },
  })
}

interface CheckInput {
  document: string
  source: string
  accept?: string | undefined
  target: string
  planDigest: string
}

/** Plans again from source and target as they are now, by reads alone. One plan is enough if it equals the approved one, which is then the second of two. */
async function planAsNow(
  deps: CutDeps,
  context: EffectContext,
  { document, source, accept, target, planDigest }: CheckInput,
) {
  const approved = await readJsonEvidence<CutPlan>(context, planDigest)
  const scanDeps = await readScanDeps(deps)
  const profile = readingOfPlan(approved, scanDeps.profiles)
  const bytes = await deps.readSource(source)
  const opened = await deps.target(target)
  const { survey } = await opened.survey(context, document)
  const inForce = await readCurrentTexts(opened, context, survey)
  const prior = await readPriorText(opened, context, document, inForce)
  const unitCap = deps.caps.units
  const differences = (plan: CutPlan | null) => planDifferences(approved, { bytes, survey, unitCap, plan })
  const from = { document, profile, accept, commences: approved.commencesOn, bytes, survey, inForce, prior }
  const { plan, evidence }: PlannedCut = await withDriftNamed(
    async () => differences(null),
    () => planOnce(scanDeps, context, from),
  )
  return { plan, evidence, differences, from }
}

interface ChangedPlan extends PlanSource {
  plan: CutPlan
  /** The differences from the approved plan. */
  differences: string[]
}

/** Returns the new plan with everything that it depends on, for approval at the gate. */
async function offerNewPlan(deps: CutDeps, context: EffectContext, target: string, changed: ChangedPlan) {
  const { document, bytes, survey, plan, differences } = changed
  const planned = plannedResult(planTwice(await readScanDeps(deps), context, changed))
  const pinned = bytesEvidence('source', 'application/octet-stream', bytes)
  const surveyed = jsonEvidence('survey/before', survey)
  const { evidence: backup } = await backUpDocument(await deps.target(target), context, document)
  const made = [...planned.evidence, pinned, surveyed, backup]
  // No plan is offered for approval before the grants were probed and its calls were rehearsed behind the present guards.
  const probe = {
    document,
    target,
    planDigest: planned.output.planDigest,
    sourceDigest: pinned.digest,
    backupDigest: backup.digest,
  }
  const probed = await withDriftNamed(
    async () => differences,
    () => probeGrants(deps, withUnsavedEvidence(context, made), probe),
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
        recheck: { message: summariseDifferences(differences), differences: limitDifferences(differences) },
      },
    },
    evidence: [...made, ...probed.evidence],
  }
}
