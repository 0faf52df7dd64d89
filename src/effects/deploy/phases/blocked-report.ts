import { z } from 'zod'
import type { EffectContext } from '../../../domain/effect.ts'
import { bytesEvidence } from '../../../domain/evidence.ts'
import { digestOf, type Json } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { compareAnchors, WATCHED_PARTS } from '../compare-anchors.ts'
import type { DeployDeps } from '../deps.ts'
import { type Anchors, surveyAnchors } from '../host-survey.ts'
import { pathsInput, readPathsInput, resolvePaths } from '../paths.ts'
import { completeStages, formatDeployReport, type Stages } from '../stages.ts'
import { withHost } from '../with-host.ts'

const input = pathsInput.extend({
  anchorsFirstDigest: z.string().optional(),
  gates: z.looseObject({}).default({}),
  gap: z.string(),
})

/** Reports a blocked deploy in all eight stages, and proves that the host is as it was. It never fails, because it reports a failure. */
export const blockedReport = (deps: DeployDeps) =>
  readEffect({
    name: 'blocked_report',
    input,
    output: z.looseObject({ report: z.looseObject({}) }),
    async execute(context, given) {
      const stages = completeStages(given.gates as Stages, given.gap)
      const untouched = await compareWithFirst(deps, context, given)
      const text = formatDeployReport(`Deploy ${context.runId}: blocked`, stages, [
        `the host: ${JSON.stringify(untouched)}`,
      ])
      return {
        output: { report: { gates: stages as unknown as Json, untouched } },
        evidence: [bytesEvidence('report/deploy', 'text/markdown', Buffer.from(text))],
      }
    },
  })

async function compareWithFirst(
  deps: DeployDeps,
  context: EffectContext,
  given: z.infer<typeof input>,
): Promise<{ [key: string]: Json }> {
  if (given.anchorsFirstDigest === undefined)
    return { looked: false, why: 'the host was not reached, so nothing was sent to it' }
  const before = await readJsonEvidence<Anchors>(context, given.anchorsFirstDigest)
  try {
    return await withHost(deps, context, given.host, async (session) => {
      const after = await surveyAnchors(session, resolvePaths(readPathsInput(given), null), [])
      const everything = { watch: WATCHED_PARTS, tolerate: [], uid: '' }
      const { strict } = compareAnchors(before, after, everything)
      return {
        looked: true,
        before: hashAnchors(before),
        after: hashAnchors(after),
        identical: hashAnchors(before) === hashAnchors(after),
        differences: strict.slice(0, 50),
      }
    })
  } catch (error) {
    if (context.signal.aborted) throw error
    return {
      looked: false,
      before: hashAnchors(before),
      why: `the host can't be surveyed again: ${(error as Error).message}`,
    }
  }
}

/** Covers trees and the parent's entries. Services and the like change independently of a deploy. */
const hashAnchors = ({ previous, listing }: Anchors) => digestOf({ previous, listing })
