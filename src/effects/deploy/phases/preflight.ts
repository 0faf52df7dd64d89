import { z } from 'zod'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { ArtifactFacts } from '../check-artifact.ts'
import { assertPreflightPassed, reportPreflight, surveyDeploy } from '../deploy-survey.ts'
import type { DeployDeps } from '../deps.ts'
import { pathsInput } from '../paths.ts'
import { readPinnedChecks } from '../pin-source.ts'
import type { Source } from '../resolve-source.ts'
import { readHost } from '../with-host.ts'

/** Stage G3, first half: checks everything that later stages need of the host, and takes the anchors. */
export const preflight = (deps: DeployDeps) =>
  readEffect({
    name: 'preflight',
    input: pathsInput.extend({
      sourceDigest: z.string(),
      checksDigest: z.string(),
      artifactDigest: z.string(),
    }),
    output: z.looseObject({ surveyDigest: z.string() }),
    async execute(context, given) {
      const source = await readJsonEvidence<Source>(context, given.sourceDigest)
      const artifact = await readJsonEvidence<ArtifactFacts>(context, given.artifactDigest)
      const checks = await readPinnedChecks(context, given.checksDigest)
      const adopted = await deps.adopted()
      return readHost(deps, context, given.host, async (session) => {
        const survey = await surveyDeploy(session, context, {
          ...given,
          source,
          artifact,
          checks,
          tools: deps.tools,
          adopted,
        })
        assertPreflightPassed(survey)
        const evidence = jsonEvidence('survey/before', survey)
        const { report } = reportPreflight(survey, 'the plan is not locked yet')
        return {
          output: {
            surveyDigest: evidence.digest,
            report: { target: survey.place.target, ...report },
          },
          evidence: [evidence, session.sent('preflight')],
        }
      })
    },
  })
