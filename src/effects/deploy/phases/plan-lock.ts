import { z } from 'zod'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { ArtifactFacts } from '../check-artifact.ts'
import { type DeploySurvey, reportPreflight } from '../deploy-survey.ts'
import { countPlan, endingInput, lockDeployPlan, parseConfirmSeconds } from '../lock-plan.ts'
import { readPinnedChecks } from '../pin-source.ts'
import type { Source } from '../resolve-source.ts'

/** Stage G3, second half: locks the exact commands, hashes, anchors and the rollback in a plan, before any write. */
export const planLock = () =>
  readEffect({
    name: 'plan_lock',
    input: z.object({
      sourceDigest: z.string(),
      checksDigest: z.string(),
      artifactDigest: z.string(),
      surveyDigest: z.string(),
      ...endingInput,
      rollbackRehearsed: z.boolean(),
    }),
    output: z.looseObject({ planDigest: z.string() }),
    async execute(context, given) {
      const survey = await readJsonEvidence<DeploySurvey>(context, given.surveyDigest)
      const plan = lockDeployPlan(context, {
        onFailure: given.onFailure,
        confirmSeconds: parseConfirmSeconds(given.confirmWithin),
        source: await readJsonEvidence<Source>(context, given.sourceDigest),
        artifact: await readJsonEvidence<ArtifactFacts>(context, given.artifactDigest),
        checks: await readPinnedChecks(context, given.checksDigest),
        survey,
      })
      const evidence = jsonEvidence('plan/SG1', plan)
      const rehearsed = given.rollbackRehearsed
        ? 'the rollback was rehearsed next to the target'
        : 'the rollback was not rehearsed'
      const { report } = reportPreflight(survey, `${rehearsed}; plan ${evidence.digest} is locked`)
      return {
        output: {
          planDigest: evidence.digest,
          deployPlanDigest: evidence.digest,
          report: { plan: countPlan(plan), ...report },
        },
        evidence: [evidence],
      }
    },
  })
