import { z } from 'zod'
import { type EffectContext, withUnsavedEvidence } from '../../../domain/effect.ts'
import { type Evidence, jsonEvidence } from '../../../domain/evidence.ts'
import { digestOf } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { type ArtifactFacts, checkArtifact } from '../check-artifact.ts'
import { assertPreflightPassed, surveyDeploy } from '../deploy-survey.ts'
import type { DeployDeps } from '../deps.ts'
import type { HostSession } from '../host-session.ts'
import { countPlan, endingInput, lockDeployPlan, parseConfirmSeconds } from '../lock-plan.ts'
import { pathsInput } from '../paths.ts'
import { pinSource } from '../pin-source.ts'
import { type DeployPlan, listPlanDifferences } from '../plan.ts'
import { readDeployPlan } from '../read-deploy-plan.ts'
import { readHost, withNewLogin } from '../with-host.ts'

const input = pathsInput.extend({
  source: z.string(),
  commit: z.string(),
  checks: z.string().optional(),
  ...endingInput,
  planDigest: z.string(),
})

/**
 * The last check at SG1: reads source, checks and host once more and plans again. With the same digest the approval covers the plan.
 * Otherwise the run returns to its gate with the new plan, and reports the differences.
 */
export const recheckDeploy = (deps: DeployDeps) =>
  readEffect({
    name: 'recheck_deploy',
    input,
    output: z.looseObject({ planDigest: z.string() }),
    look: async (context, given) =>
      (await planAgain(deps, context, given)).output.report.recheck?.differences ?? [],
    execute: (context, given) => planAgain(deps, context, given),
  })

/** Plans again from source, checks and host as they are now, by reads alone. */
async function planAgain(deps: DeployDeps, context: EffectContext, given: z.infer<typeof input>) {
  const approved = await readDeployPlan(context, given.planDigest)
  const adopted = await deps.adopted()
  const scanned = { facts: approved.artifact, allow: approved.checks.allow }
  // git reads the source while the host lets this process in, and writes the artifact while the host answers.
  const pinned = pinSource(deps, context, given)
  const checked = pinned.then(({ source, checks }) => checkArtifact(deps, context, source, checks, scanned))
  checked.catch(() => undefined)
  const look = async (session: HostSession) => {
    const { source, checks, evidence } = await pinned
    const surveyWith = (facts: ArtifactFacts, unsaved: Evidence[]) =>
      surveyDeploy(session, withUnsavedEvidence(context, unsaved), {
        ...given,
        source,
        artifact: facts,
        checks,
        tools: deps.tools,
        adopted,
      })
    const early = surveyWith(approved.artifact, [])
    early.catch(() => undefined)
    const artifact = await checked
    const isApproved = digestOf(artifact.facts) === digestOf(approved.artifact)
    const survey = isApproved
      ? await early
      : await early.then(() => surveyWith(artifact.facts, artifact.evidence))
    const parts = { source, artifact: artifact.facts, checks }
    assertPreflightPassed(survey)
    const plan = lockDeployPlan(context, {
      onFailure: given.onFailure,
      confirmSeconds: parseConfirmSeconds(given.confirmWithin),
      ...parts,
      survey,
    })
    const planned = jsonEvidence('plan/SG1', plan)
    const surveyed = jsonEvidence('survey/before', survey)
    const digests = {
      sourceDigest: evidence[0].digest,
      checksDigest: evidence[1].digest,
      artifactDigest: artifact.evidence[0].digest,
      surveyDigest: surveyed.digest,
      planDigest: planned.digest,
    }
    const made = [...evidence, ...artifact.evidence, surveyed, planned, session.sent('recheck')]
    if (planned.digest === given.planDigest)
      return { output: { ...digests, report: { recheck: null } }, evidence: made }
    const recheck = await comparePlans(context, given.planDigest, plan)
    const report = { plan: countPlan(plan), commit: source.commit, artifactSha256: artifact.facts.sha256 }
    return {
      output: { ...digests, deployPlanDigest: planned.digest, report: { ...report, recheck } },
      evidence: made,
    }
  }
  try {
    return await readHost(deps, context, given.host, look, withNewLogin)
  } catch (error) {
    // A fault of the source comes first, whatever the host says.
    await checked
    throw error
  }
}

/** The differences from the approved plan, as the report of the run holds them. */
async function comparePlans(context: EffectContext, approvedDigest: string, plan: DeployPlan) {
  const approved = await readDeployPlan(context, approvedDigest)
  const differences = listPlanDifferences(approved, plan)
  return { message: differences.slice(0, 5).join('; '), differences: differences.slice(0, 100) }
}
