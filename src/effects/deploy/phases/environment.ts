import { z } from 'zod'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import type { DeployDeps } from '../deps.ts'
import { surveyAnchors, surveyFacts } from '../host-survey.ts'
import { pathsInput, readPathsInput, resolvePaths } from '../paths.ts'
import { assertUsableShell } from '../probe-shell.ts'
import { reportStage } from '../stages.ts'
import { readHost } from '../with-host.ts'

/** Stage G0: the host shows a known key, lets the user in, and passes commands on as they are. Its state before anything else is kept as evidence. */
export const environment = (deps: DeployDeps) =>
  readEffect({
    name: 'environment',
    input: pathsInput,
    output: z.looseObject({ anchorsFirstDigest: z.string() }),
    execute: (context, given) =>
      readHost(deps, context, given.host, async (session) => {
        await assertUsableShell(session)
        const place = resolvePaths(readPathsInput(given), null)
        const [facts, anchors] = await Promise.all([
          surveyFacts(session, context.now),
          surveyAnchors(session, place, []),
        ])
        const first = jsonEvidence('anchors/first', anchors)
        const { address, hostKey } = session.host
        const shown = { name: given.host, address, hostKey: `${hostKey.type} ${hostKey.fingerprint}` }
        const { report } = reportStage(
          'G0',
          'PASS',
          `${facts.hostname} lets ${facts.user} in and shows a known key`,
          { ...shown, ...(facts as unknown as { [key: string]: Json }) },
        )
        return {
          output: {
            anchorsFirstDigest: first.digest,
            report: { host: shown, path: given.path, ...report },
          },
          evidence: [first, session.sent('environment')],
        }
      }),
  })
