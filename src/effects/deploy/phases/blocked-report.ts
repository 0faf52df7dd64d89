import { z } from 'zod'
import type { EffectContext } from '../../../domain/effect.ts'
import { bytesEvidence } from '../../../domain/evidence.ts'
import { digestOf, type Json } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { type Checks, parseChecks } from '../checks-file.ts'
import { compareAnchors, WATCHED_PARTS } from '../compare-anchors.ts'
import type { DeployDeps } from '../deps.ts'
import { type Anchors, surveyAnchors } from '../host-survey.ts'
import { pathsInput, readPathsInput, resolvePaths } from '../paths.ts'
import type { PreflightFinding } from '../preflight-check.ts'
import { listPrograms } from '../preflight-tools.ts'
import { completeStages, formatDeployReport, type Stages } from '../stages.ts'
import { describeWaiting, findReadyTools, readKnownChecks, withWaiting } from '../waiting-stages.ts'
import { withHost } from '../with-host.ts'

const input = pathsInput.extend({
  anchorsFirstDigest: z.string().optional(),
  checks: z.string().optional(),
  checksDigest: z.string().optional(),
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
      const checks = await readKnownChecks(deps, context, given, parseChecks)
      const { untouched, ready } = await compareWithFirst(deps, context, given, checks)
      const { previous } = readPathsInput(given)
      const stages = withWaiting(
        completeStages(given.gates as Stages, given.gap),
        describeWaiting(checks, ready, previous),
      )
      const text = formatDeployReport(`Deploy ${context.runId}: blocked`, stages, listUntouched(untouched))
      return {
        output: { report: { gates: stages as unknown as Json, untouched: untouched as unknown as Json } },
        evidence: [bytesEvidence('report/deploy', 'text/markdown', Buffer.from(text))],
      }
    },
  })

/** The proof that a host is as it was, or why there is none. */
export interface Untouched {
  looked: boolean
  before?: string
  after?: string
  identical?: boolean
  /** What a deploy could have caused, and what the checks file tolerates or others cause by themselves. */
  differences?: string[]
  tolerated?: string[]
  why?: string
  /** By kind, what the deploy did not change. */
  noMutation: { files: string; databases: string; environment: string; services: string }
}

/** A blocked deploy has sent commands that read, so that each kind is untouched by it; the comparison shows what others changed. */
const noMutation = (compared: { files: string; services: string }): Untouched['noMutation'] => ({
  ...compared,
  databases: 'none is reached by a deploy',
  environment: 'no variable and no profile of the host is set by a deploy',
})

const NOT_COMPARED = 'nothing was sent that writes; it was not compared again'

/** The same as lines for a report. */
export function listUntouched({ noMutation: kinds, ...compared }: Untouched): string[] {
  const { tolerated = [], ...others } = compared
  return [
    ...Object.entries(kinds).map(([kind, what]) => `no mutation of ${kind}: ${what}`),
    ...tolerated.map((line) => `tolerated: ${line}`),
    `the host: ${JSON.stringify(others)}`,
  ]
}

async function compareWithFirst(
  deps: DeployDeps,
  context: EffectContext,
  given: z.infer<typeof input>,
  checks: Checks | null,
): Promise<{ untouched: Untouched; ready: PreflightFinding[] }> {
  const unseen = noMutation({ files: NOT_COMPARED, services: NOT_COMPARED })
  if (given.anchorsFirstDigest === undefined) {
    const why = 'the host was not reached, so nothing was sent to it'
    return { untouched: { looked: false, why, noMutation: unseen }, ready: [] }
  }
  const before = await readJsonEvidence<Anchors>(context, given.anchorsFirstDigest)
  try {
    return await withHost(deps, context, given.host, async (session) => {
      const place = resolvePaths(readPathsInput(given), null)
      const after = await surveyAnchors(session, place, [])
      const rules = { watch: WATCHED_PARTS, tolerate: checks?.tolerate ?? [], uid: '' }
      const { strict, tolerated } = compareAnchors(before, after, rules)
      const identical = hashAnchors(before) === hashAnchors(after)
      const services = WATCHED_PARTS.filter((part) => part !== 'parent-listing')
      const changed = strict.filter((line) => services.some((part) => line.startsWith(`${part}:`)))
      const untouched = {
        looked: true,
        before: hashAnchors(before),
        after: hashAnchors(after),
        identical,
        differences: strict.slice(0, 50),
        tolerated: tolerated.slice(0, 50),
        noMutation: noMutation({
          files: identical
            ? 'the earlier versions and the parent folder are as before'
            : 'others changed files, as the differences say; nothing was sent that writes',
          services:
            changed.length === 0
              ? `${services.join(', ')} are as before`
              : `others changed ${changed.length}, as the differences say; nothing was sent that writes`,
        }),
      }
      const ready = checks === null ? [] : await findReadyTools(session, place, checks, listPrograms(checks))
      return { untouched, ready }
    })
  } catch (error) {
    if (context.signal.aborted) throw error
    const why = `the host can't be surveyed again: ${(error as Error).message}`
    return { untouched: { looked: false, before: hashAnchors(before), why, noMutation: unseen }, ready: [] }
  }
}

/** Covers trees and the parent's entries. Services and the like change independently of a deploy. */
const hashAnchors = ({ previous, listing }: Anchors) => digestOf({ previous, listing })
