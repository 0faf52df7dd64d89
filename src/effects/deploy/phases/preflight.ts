import { posix } from 'node:path'
import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import type { Checks } from '../checks-file.ts'
import { type DeployDeps, readEvidenceJson, readHost } from '../deps.ts'
import type { HostSession } from '../host-session.ts'
import { surveyAnchors, surveyFacts } from '../host-survey.ts'
import { type DeployPaths, resolvePaths } from '../paths.ts'
import type { ArtifactFacts, DeploySurvey } from '../plan.ts'
import { runPreflight } from '../preflight-checks.ts'
import { readPointer } from '../read-commands.ts'
import type { Source } from '../resolve-source.ts'
import { reportStage } from '../stages.ts'
import { pathsInput, readPathsInput } from './environment.ts'
import { readPinnedChecks } from './source.ts'

const input = pathsInput.extend({
  sourceDigest: z.string(),
  checksDigest: z.string(),
  artifactDigest: z.string(),
})
const output = z.looseObject({ surveyDigest: z.string() })

/** G3, first half: everything that later gates need of the host, all findings at once, and the anchors. */
export function preflight(world: DeployDeps): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'preflight',
    kind: 'read',
    input,
    output,
    async execute(context, given) {
      const source = await readEvidenceJson<Source>(context, given.sourceDigest)
      const artifact = await readEvidenceJson<ArtifactFacts>(context, given.artifactDigest)
      const checks = await readPinnedChecks(context, given.checksDigest)
      return readHost(world, context, given.host, async (hand) => {
        const survey = await surveyDeploy(hand, context, { ...given, source, artifact, checks })
        assertPreflightPassed(survey)
        const evidence = jsonEvidence('survey/before', survey)
        return {
          output: {
            surveyDigest: evidence.digest,
            report: {
              target: survey.place.target,
              ...reportPreflight(survey, 'the plan is not locked yet').report,
            },
          },
          evidence: [evidence, hand.sent('preflight')],
        }
      })
    },
  }
}

export interface SurveyInput extends z.infer<typeof pathsInput> {
  source: Source
  artifact: ArtifactFacts
  checks: Checks
}

export async function surveyDeploy(
  hand: HostSession,
  context: EffectContext,
  given: SurveyInput,
): Promise<DeploySurvey> {
  const asked = resolvePaths(readPathsInput(given), given.source)
  const facts = await surveyFacts(hand, context.now)
  const pointer = asked.pointer === null ? null : await hand.run(readPointer(asked.pointer.path))
  const pointerFrom = pointer?.stdout.toString('utf8').trim() ?? ''
  const place = { ...asked, previous: previousOf(asked, pointerFrom) }
  const { artifact, checks } = given
  const { findings, ...found } = await runPreflight(hand, {
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
const previousOf = ({ previous, pointer }: DeployPaths, from: string) =>
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

export function assertPreflightPassed({ findings, place }: DeploySurvey): void {
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

export function reportPreflight({ findings, place, anchors, versions }: DeploySurvey, more: string) {
  const warnings = findings
    .filter(({ status }) => status === 'warn')
    .map(({ check, message }) => `${check}: ${message}`)
  const why = `${findings.length} findings, ${warnings.length} of them warnings; ${more}`
  return reportStage('G3', 'PASS', why, {
    strategy: place.strategy,
    target: place.target,
    warnings,
    versions,
    previous: anchors.previous.map(({ path, treeHash }) => `${path} ${treeHash}`),
  })
}
