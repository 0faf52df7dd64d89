import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { type Evidence, jsonEvidence } from '../../../domain/evidence.ts'
import type { Survey } from '../../../targets/survey.ts'
import { type CurrentText, readCurrentTexts } from '../current-texts.ts'
import { type CutDeps, readJsonEvidence } from '../deps.ts'
import { type CutPlan, planCut } from '../plan.ts'
import { type ReadingOptions, reuseScan, scanSafely } from './mark.ts'

const input = z.object({
  document: z.string(),
  target: z.string(),
  profile: z.string(),
  accept: z.string().optional(),
  sourceDigest: z.string(),
  surveyDigest: z.string(),
})
const output = z.looseObject({ planDigest: z.string(), cutPlanDigest: z.string() })

/** Plans twice from the same pinned bytes and the same survey; two digests that differ stop the run. */
export function cutplan(deps: CutDeps): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'cutplan',
    kind: 'read',
    input,
    output,
    async execute(context, { document, target, profile, accept, sourceDigest, surveyDigest }) {
      const bytes = await context.evidence(sourceDigest)
      const survey = await readJsonEvidence<Survey>(context, surveyDigest)
      const inForce = await readCurrentTexts(await deps.target(target), context, survey)
      return plannedResult(planTwice(deps, context, { document, profile, accept, bytes, survey, inForce }))
    },
  }
}

/** A plan, and the bytes that are its canonical form. */
export interface PlannedCut {
  plan: CutPlan
  evidence: Evidence
}

type Given = ReadingOptions & { bytes: Uint8Array; survey: Survey; inForce: CurrentText[] }

/** From the marks of these bytes, which a process that has them does not make anew; the last check at the gate does. */
export function planTwice(
  deps: CutDeps,
  context: Pick<EffectContext, 'mode' | 'version'>,
  given: Given,
): PlannedCut {
  const scan = reuseScan(deps, given.bytes, given)
  const first = planOnce(deps, context, given, scan)
  if (first.evidence.digest !== planOnce(deps, context, given, scan).evidence.digest) {
    throw new Stop('STOP_PLAN_NOT_DETERMINISTIC', 'planning twice gave two plans; nothing was touched')
  }
  return first
}

export function planOnce(
  deps: CutDeps,
  { mode, version }: Pick<EffectContext, 'mode' | 'version'>,
  given: Given,
  scan = scanSafely(deps, given.bytes, given),
): PlannedCut {
  const { document, accept, bytes, survey, inForce } = given
  const plan = planCut({
    ...{ document, mode, machineVersion: version, bytes, scan, survey, inForce, accept },
    profiles: deps.profiles,
    unitCap: deps.caps.units,
  })
  return { plan, evidence: jsonEvidence('plan/SG1', plan) }
}

export function plannedResult({ plan, evidence }: PlannedCut) {
  const { create = 0, adopt = 0, keep = 0, ...others } = countedActions(plan)
  return {
    output: {
      planDigest: evidence.digest,
      cutPlanDigest: evidence.digest,
      report: {
        plan: {
          create,
          adopt,
          keep,
          ...others,
          governanceRows: plan.arithmetic.governanceRows,
        },
      },
    },
    evidence: [evidence],
  }
}

/** How many units each action is for; what only a re-cut does is left out where it does none. */
function countedActions({ actions, endings, aliases, left }: CutPlan): { [action: string]: number } {
  const counts: { [action: string]: number } = {}
  for (const { action } of [...actions, ...endings]) counts[action] = (counts[action] ?? 0) + 1
  if (aliases.length > 0) counts.aliases = aliases.length
  if (left.length > 0) counts.left = left.length
  return counts
}
