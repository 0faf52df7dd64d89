import { z } from 'zod'
import type { ReadEffect } from '../../domain/effect.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import type { Json } from '../../domain/json.ts'
import { gateSays } from './gates.ts'
import { placeOf } from './place.ts'
import { surveyAnchors, surveyFacts } from './survey.ts'
import { type DeployWorld, lookAt } from './world.ts'

export const placeInput = z.object({
  host: z.string(),
  path: z.string(),
  strategy: z.enum(['side-by-side', 'release']),
  previous: z.string().optional(),
})
const output = z.looseObject({ anchorsFirstDigest: z.string() })

/** G0: the host is the one that is meant, it lets us in, and this is how it looked before anything else. */
export function environment(
  world: DeployWorld,
): ReadEffect<z.infer<typeof placeInput>, z.infer<typeof output>> {
  return {
    name: 'environment',
    kind: 'read',
    input: placeInput,
    output,
    execute: (context, given) =>
      lookAt(world, context, given.host, async (hand) => {
        const place = placeOf(wanted(given), null)
        const facts = await surveyFacts(hand, context.now)
        const anchors = await surveyAnchors(hand, place)
        const first = jsonEvidence('anchors/first', anchors)
        const { address, hostKey } = hand.host
        const shown = { name: given.host, address, hostKey: `${hostKey.type} ${hostKey.fingerprint}` }
        const said = gateSays('G0', 'PASS', `${facts.hostname} lets ${facts.user} in and shows a known key`, {
          ...shown,
          ...(facts as unknown as { [key: string]: Json }),
        })
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

export const wanted = ({ path, strategy, previous }: z.infer<typeof placeInput>) => ({
  path,
  strategy,
  previous: previous === undefined ? [] : previous.split(','),
})
