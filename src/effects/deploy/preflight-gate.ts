import { posix } from 'node:path'
import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import type { Json } from '../../domain/json.ts'
import type { Checks } from './checks.ts'
import { placeInput, wanted } from './environment.ts'
import { gateSays } from './gates.ts'
import type { Hand } from './hand.ts'
import { pointsTo } from './look.ts'
import { type Place, placeOf } from './place.ts'
import type { ArtifactFacts, DeploySurvey } from './plan.ts'
import { preflight } from './preflight.ts'
import type { Source } from './source.ts'
import { checksOf } from './source-gate.ts'
import { surveyAnchors, surveyFacts } from './survey.ts'
import { type DeployWorld, jsonOf, lookAt } from './world.ts'

const input = placeInput.extend({
  sourceDigest: z.string(),
  checksDigest: z.string(),
  artifactDigest: z.string(),
})
const output = z.looseObject({ surveyDigest: z.string() })

/** G3, first half: everything that later gates need of the host, all findings at once, and the anchors. */
export function preflightGate(world: DeployWorld): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'preflight',
    kind: 'read',
    input,
    output,
    async execute(context, given) {
      const source = await jsonOf<Source>(context, given.sourceDigest)
      const artifact = await jsonOf<ArtifactFacts>(context, given.artifactDigest)
      const checks = await checksOf(context, given.checksDigest)
      return lookAt(world, context, given.host, async (hand) => {
        const survey = await surveyed(hand, context, { ...given, source, artifact, checks })
        refuseFailed(survey)
        const evidence = jsonEvidence('survey/before', survey)
        return {
          output: {
            surveyDigest: evidence.digest,
            report: { target: survey.place.target, ...saidOf(survey, 'the plan is not locked yet').report },
          },
          evidence: [evidence, hand.sent('preflight')],
        }
      })
    },
  }
}

export interface SurveyInput extends z.infer<typeof placeInput> {
  source: Source
  artifact: ArtifactFacts
  checks: Checks
}

export async function surveyed(
  hand: Hand,
  context: EffectContext,
  given: SurveyInput,
): Promise<DeploySurvey> {
  const asked = placeOf(wanted(given), given.source)
  const facts = await surveyFacts(hand, context.now)
  const pointer = asked.pointer === null ? null : await hand.run(pointsTo(asked.pointer.path))
  const pointerFrom = pointer?.stdout.toString('utf8').trim() ?? ''
  const place = { ...asked, previous: previousOf(asked, pointerFrom) }
  const { artifact, checks } = given
  const { findings, ...found } = await preflight(hand, {
    place,
    facts,
    artifact,
    checks,
    runId: context.runId,
  })
  if (pointer !== null && pointer.exitCode !== 0)
    findings.push({
      check: 'pointer',
      status: 'fail',
      message: `${place.pointer?.path} is there and no link`,
    })
  const anchors = await surveyAnchors(hand, place)
  const { address, hostKey } = hand.host
  return {
    host: { name: given.host, address, hostKey: `${hostKey.type} ${hostKey.fingerprint}` },
    facts,
    place,
    pointerFrom,
    ...found,
    findings: [...findings, ...anchorFindings(anchors)],
    anchors,
  }
}

/** What a release replaces is what its pointer leads to, unless something else is named. */
const previousOf = ({ previous, pointer }: Place, from: string) =>
  previous.length > 0 || pointer === null || from === ''
    ? previous
    : [posix.resolve(posix.dirname(pointer.path), from)]

/** A previous version that is named and not there is a mistake; one that can't be read whole can't be vouched for. */
function anchorFindings({ previous }: DeploySurvey['anchors']): DeploySurvey['findings'] {
  return previous.flatMap(({ path, present, unread }): DeploySurvey['findings'] => {
    if (!present)
      return [
        { check: 'previous', status: 'fail', message: `${path}, which must stay as it is, is not there` },
      ]
    return unread === ''
      ? []
      : [{ check: 'previous', status: 'warn', message: `${path} can't be read whole: ${unread}` }]
  })
}

export function refuseFailed({ findings, place }: DeploySurvey): void {
  const failed = findings.filter(({ status }) => status === 'fail')
  if (failed.length === 0) return
  const all = failed.map(({ check, message }) => `${check}: ${message}`).join('; ')
  throw new Stop(
    'STOP_PREFLIGHT_FAILED',
    `${place.target} can't be deployed to: ${all}; the host was not touched`,
    {
      next: 'set these right, then: cutter run resume <run>',
      data: { findings: findings as unknown as Json },
    },
  )
}

export function saidOf({ findings, place, anchors, versions }: DeploySurvey, more: string) {
  const warnings = findings
    .filter(({ status }) => status === 'warn')
    .map(({ check, message }) => `${check}: ${message}`)
  const why = `${findings.length} findings, ${warnings.length} of them warnings; ${more}`
  return gateSays('G3', 'PASS', why, {
    strategy: place.strategy,
    target: place.target,
    warnings,
    versions,
    previous: anchors.previous.map(({ path, treeHash }) => `${path} ${treeHash}`),
  })
}
