import { z } from 'zod'
import { writeEffect } from '../../../machine/define-effect.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { DeploySurvey } from '../deploy-survey.ts'
import type { DeployDeps } from '../deps.ts'
import { rehearsalFolder } from '../rehearsal-folder.ts'
import { withHost } from '../with-host.ts'
import { discard } from '../write-commands.ts'

/** Removes what a rehearsal left on the host, for a run that is cancelled during its rehearsal. */
export const clearRehearsal = (deps: DeployDeps) =>
  writeEffect({
    name: 'clear_rehearsal',
    beforeApproval: true,
    input: z.object({ host: z.string(), surveyDigest: z.string() }),
    output: z.object({ report: z.object({ cleared: z.boolean() }) }),
    async execute(context, given) {
      const { place } = await readJsonEvidence<DeploySurvey>(context, given.surveyDigest)
      return withHost(deps, context, given.host, async (session) => {
        await session.text(discard(rehearsalFolder(place), context.runId))
        return { output: { report: { cleared: true } }, evidence: [session.sent('clear_rehearsal')] }
      })
    },
    simulate: async () => ({ output: { report: { cleared: false } } }),
    probe: async () => ({ outcome: 'not-committed' }),
  })
