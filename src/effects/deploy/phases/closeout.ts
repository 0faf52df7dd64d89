import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../../domain/effect.ts'
import { bytesEvidence } from '../../../domain/evidence.ts'
import { digestOf, type Json } from '../../../domain/json.ts'
import { type DeployDeps, readEvidenceJson, withHost } from '../deps.ts'
import { type Anchors, compareAnchors, surveyAnchors } from '../host-survey.ts'
import { resolvePaths } from '../paths.ts'
import { completeStages, formatDeployReport, type Stages } from '../stages.ts'
import { pathsInput, readPathsInput } from './environment.ts'

const blockedInput = pathsInput.extend({
  anchorsFirstDigest: z.string().optional(),
  gates: z.looseObject({}).default({}),
  gap: z.string(),
})
const output = z.looseObject({ report: z.looseObject({}) })

/** A blocked deploy says so in all eight parts, and proves that the host is as it was found. It never fails: it is the word on a failure. */
export function blockedReport(
  world: DeployDeps,
): ReadEffect<z.infer<typeof blockedInput>, z.infer<typeof output>> {
  return {
    name: 'blocked_report',
    kind: 'read',
    input: blockedInput,
    output,
    async execute(context, given) {
      const gates = completeStages(given.gates as Stages, given.gap)
      const untouched = await untouchedSince(world, context, given)
      const text = formatDeployReport(`Deploy ${context.runId}: blocked`, gates, [
        `the host: ${JSON.stringify(untouched)}`,
      ])
      return {
        output: { report: { gates: gates as unknown as Json, untouched } },
        evidence: [bytesEvidence('report/deploy', 'text/markdown', Buffer.from(text))],
      }
    },
  }
}

async function untouchedSince(
  world: DeployDeps,
  context: EffectContext,
  given: z.infer<typeof blockedInput>,
): Promise<{ [key: string]: Json }> {
  if (given.anchorsFirstDigest === undefined)
    return { looked: false, why: 'the host was not reached, so nothing was sent to it' }
  const before = await readEvidenceJson<Anchors>(context, given.anchorsFirstDigest)
  try {
    return await withHost(world, context, given.host, async (hand) => {
      const after = await surveyAnchors(hand, resolvePaths(readPathsInput(given), null))
      const { strict, tolerated } = compareAnchors(before, after, [])
      return {
        looked: true,
        before: hashOf(before),
        after: hashOf(after),
        identical: hashOf(before) === hashOf(after),
        differences: [...strict, ...tolerated].slice(0, 50),
      }
    })
  } catch (error) {
    if (context.signal.aborted) throw error
    return {
      looked: false,
      before: hashOf(before),
      why: `the host can't be looked at again: ${(error as Error).message}`,
    }
  }
}

/** Trees and the parent's entries; what else runs on the host has a life of its own. */
const hashOf = ({ previous, listing }: Anchors) => digestOf({ previous, listing })

const closeoutInput = z.object({ gates: z.looseObject({}), planDigest: z.string() })

/** G8: the report in its eight parts. */
export function closeout(): ReadEffect<z.infer<typeof closeoutInput>, z.infer<typeof output>> {
  return {
    name: 'closeout',
    kind: 'read',
    input: closeoutInput,
    output,
    async execute(context, given) {
      const gates = completeStages(given.gates as Stages, 'it was not reported')
      const enforced =
        context.mode === 'live'
          ? []
          : ['only commands that look were sent; over SSH nothing but Cutter itself enforces that']
      const text = formatDeployReport(`Deploy ${context.runId}: ${context.mode}`, gates, [
        `plan ${given.planDigest}`,
        ...enforced,
      ])
      const statuses = Object.fromEntries(Object.entries(gates).map(([name, { status }]) => [name, status]))
      return {
        output: {
          report: {
            gates: gates as unknown as Json,
            summary: statuses,
            // Of a block that was mended since.
            untouched: null,
            ...(enforced[0] === undefined ? {} : { note: enforced[0] }),
          },
        },
        evidence: [bytesEvidence('report/deploy', 'text/markdown', Buffer.from(text))],
      }
    },
  }
}
