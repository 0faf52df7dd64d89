import { z } from 'zod'
import { readEffect } from '../../../machine/define-effect.ts'
import type { Survey } from '../../../targets/survey.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { readCurrentTexts } from '../current-texts.ts'
import type { CutDeps } from '../deps.ts'
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
      sourceDigest: z.string(),
      surveyDigest: z.string(),
    }),
    output: z.looseObject({ planDigest: z.string(), cutPlanDigest: z.string() }),
    async execute(context, { document, target, profile, accept, sourceDigest, surveyDigest }) {
      const bytes = await context.evidence(sourceDigest)
      const survey = await readJsonEvidence<Survey>(context, surveyDigest)
      const opened = await deps.target(target)
      const inForce = await readCurrentTexts(opened, context, survey)
      const prior = await readPriorText(opened, context, document, inForce)
      const given = { document, profile, accept, bytes, survey, inForce, prior }
      return plannedResult(planTwice(deps, context, given))
    },
  })
}
