import { z } from 'zod'
import type { ReadEffect } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { type DeployDeps, readHost } from '../deps.ts'
import { surveyAnchors, surveyFacts } from '../host-survey.ts'
import { resolvePaths } from '../paths.ts'
import { reportStage } from '../stages.ts'

export const pathsInput = z.object({
  host: z.string(),
  path: z.string(),
  strategy: z.enum(['side-by-side', 'release']),
  previous: z.string().optional(),
})
const output = z.looseObject({ anchorsFirstDigest: z.string() })

/** G0: the host is the one that is meant, it lets us in, and this is how it looked before anything else. */
export function environment(
  world: DeployDeps,
): ReadEffect<z.infer<typeof pathsInput>, z.infer<typeof output>> {
  return {
    name: 'environment',
    kind: 'read',
    input: pathsInput,
    output,
    execute: (context, given) =>
      readHost(world, context, given.host, async (hand) => {
        const place = resolvePaths(readPathsInput(given), null)
        const facts = await surveyFacts(hand, context.now)
        const anchors = await surveyAnchors(hand, place)
        const first = jsonEvidence('anchors/first', anchors)
        const { address, hostKey } = hand.host
        const shown = { name: given.host, address, hostKey: `${hostKey.type} ${hostKey.fingerprint}` }
        const said = reportStage(
          'G0',
          'PASS',
          `${facts.hostname} lets ${facts.user} in and shows a known key`,
          {
            ...shown,
            ...(facts as unknown as { [key: string]: Json }),
          },
        )
        return {
          output: {
            anchorsFirstDigest: first.digest,
            report: { host: shown, path: given.path, ...said.report },
          },
          evidence: [first, hand.sent('environment')],
        }
      }),
  }
}

export const readPathsInput = ({ path, strategy, previous }: z.infer<typeof pathsInput>) => ({
  path,
  strategy,
  previous: previous === undefined ? [] : previous.split(','),
})
