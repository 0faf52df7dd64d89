import { z } from 'zod'
import { readEffect } from '../../../machine/define-effect.ts'
import type { Survey } from '../../../targets/survey.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { readCurrentTexts } from '../current-texts.ts'
import { type CutDeps, readScanDeps } from '../deps.ts'
import { plannedResult, planTwice } from '../plan-twice.ts'
import { readPriorText } from '../stored-text.ts'

/** Phase `cutplan`: plans twice from the pinned source and the survey. Two different plans stop the run. */
export function cutplan(deps: CutDeps) {
  return readEffect({
    name: 'cutplan',
    input: z.object({
      document: z.string(),
      target: z.string(),
      profile: z.string(),
      accept: z.string().optional(),
      commences: z.string().optional(),
      sourceDigest: z.string(),
      surveyDigest: z.string(),
    }),
    output: z.looseObject({ planDigest: z.string(), cutPlanDigest: z.string() }),
    async execute(context, { document, target, profile, accept, commences, sourceDigest, surveyDigest }) {
      const bytes = await context.evidence(sourceDigest)
      const survey = await readJsonEvidence<Survey>(context, surveyDigest)
      const opened = await deps.target(target)
      const inForce = await readCurrentTexts(opened, context, survey)
      const prior = await readPriorText(opened, context, document, inForce)
      const given = { document, profile, accept, commences, bytes, survey, inForce, prior }
      return plannedResult(planTwice(await readScanDeps(deps), context, given))
    },
  })
}
