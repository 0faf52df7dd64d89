import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { digestOf } from '../../../domain/json.ts'
import { type DeployDeps, readEvidenceJson, readHost } from '../deps.ts'
import {
  type ArtifactFacts,
  type DeployPlan,
  type DeploySurvey,
  findPlanDifferences,
  planDeploy,
} from '../plan.ts'
import type { Source } from '../resolve-source.ts'
import { checkArtifact } from './artifact.ts'
import { pathsInput } from './environment.ts'
import { assertPreflightPassed, reportPreflight, surveyDeploy } from './preflight.ts'
import { pinSource, readPinnedChecks } from './source.ts'

const choices = { onFailure: z.enum(['rollback', 'stop']), confirmWithin: z.string().optional() }
const secondsOf = (confirmWithin: string | undefined) =>
  confirmWithin === undefined ? null : Number.parseInt(confirmWithin, 10)
const lockInput = z.object({
  sourceDigest: z.string(),
  checksDigest: z.string(),
  artifactDigest: z.string(),
  surveyDigest: z.string(),
  ...choices,
  rollbackRehearsed: z.boolean(),
})
const output = z.looseObject({ planDigest: z.string() })

/** G3, second half: the exact commands, hashes, anchors and way back, locked before any write. Planned twice; the digests must agree. */
export function planLock(): ReadEffect<z.infer<typeof lockInput>, z.infer<typeof output>> {
  return {
    name: 'plan_lock',
    kind: 'read',
    input: lockInput,
    output,
    async execute(context, given) {
      const survey = await readEvidenceJson<DeploySurvey>(context, given.surveyDigest)
      const parts = {
        onFailure: given.onFailure,
        confirmSeconds: secondsOf(given.confirmWithin),
        source: await readEvidenceJson<Source>(context, given.sourceDigest),
        artifact: await readEvidenceJson<ArtifactFacts>(context, given.artifactDigest),
        checks: await readPinnedChecks(context, given.checksDigest),
        survey,
      }
      const plan = planTwice(context, parts)
      const evidence = jsonEvidence('plan/SG1', plan)
      return {
        output: {
          planDigest: evidence.digest,
          deployPlanDigest: evidence.digest,
          report: {
            plan: counted(plan),
            ...reportPreflight(
              survey,
              `${rehearsedText(given.rollbackRehearsed)}; plan ${evidence.digest} is locked`,
            ).report,
          },
        },
        evidence: [evidence],
      }
    },
  }
}

const rehearsedText = (rehearsed: boolean) =>
  rehearsed ? 'the rollback was rehearsed beside the target' : 'the rollback was not rehearsed'

function planTwice(
  { mode, version }: EffectContext,
  parts: Omit<Parameters<typeof planDeploy>[0], 'mode' | 'machineVersion'>,
): DeployPlan {
  const once = () => planDeploy({ ...parts, mode, machineVersion: version })
  const [first, second] = [once(), once()]
  if (digestOf(first) === digestOf(second)) return first
  throw new Stop('STOP_PLAN_NOT_DETERMINISTIC', 'planning twice gave two plans; the host was not touched')
}

const counted = ({ commands, rollback, checks, artifact }: DeployPlan) => ({
  commands: commands.length,
  rollback: rollback.length,
  checks: checks.checks.length,
  files: artifact.files,
})

const recheckInput = pathsInput.extend({
  source: z.string(),
  commit: z.string(),
  checks: z.string().optional(),
  ...choices,
  planDigest: z.string(),
})

/**
 * The last check at SG1: source, checks and host are looked at again and the plan is made again. The same digest: the approval covers it.
 * Another: the run falls back to its gate with the new plan and says what differs.
 */
export function recheckDeploy(
  world: DeployDeps,
): ReadEffect<z.infer<typeof recheckInput>, z.infer<typeof output>> {
  return {
    name: 'recheck_deploy',
    kind: 'read',
    input: recheckInput,
    output,
    async execute(context, given) {
      const { source, checks, evidence } = await pinSource(world, context, given)
      const artifact = await checkArtifact(context, source, checks.allow)
      return readHost(world, context, given.host, async (hand) => {
        const survey = await surveyDeploy(hand, context, {
          ...given,
          source,
          artifact: artifact.facts,
          checks,
        })
        assertPreflightPassed(survey)
        const plan = planTwice(context, {
          onFailure: given.onFailure,
          confirmSeconds: secondsOf(given.confirmWithin),
          source,
          artifact: artifact.facts,
          checks,
          survey,
        })
        const planned = jsonEvidence('plan/SG1', plan)
        const surveyEvidence = jsonEvidence('survey/before', survey)
        const known = {
          sourceDigest: evidence[0].digest,
          checksDigest: evidence[1].digest,
          artifactDigest: artifact.evidence[0].digest,
          surveyDigest: surveyEvidence.digest,
        }
        const made = [...evidence, ...artifact.evidence, surveyEvidence, planned, hand.sent('recheck')]
        const report = { plan: counted(plan), commit: source.commit, artifactSha256: artifact.facts.sha256 }
        if (planned.digest === given.planDigest) {
          return {
            output: { ...known, planDigest: planned.digest, report: { recheck: null } },
            evidence: made,
          }
        }
        const differences = findPlanDifferences(
          await readEvidenceJson<DeployPlan>(context, given.planDigest),
          plan,
        )
        const recheck = {
          message: differences.slice(0, 5).join('; '),
          differences: differences.slice(0, 100),
        }
        return {
          output: {
            ...known,
            planDigest: planned.digest,
            deployPlanDigest: planned.digest,
            report: { ...report, recheck },
          },
          evidence: made,
        }
      })
    },
  }
}
