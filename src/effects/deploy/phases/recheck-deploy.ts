import { z } from 'zod'
import { type EffectContext, withUnsavedEvidence } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { checkArtifact } from '../check-artifact.ts'
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
  const { source, checks, evidence } = await pinSource(deps, context, given)
  const approved = await readDeployPlan(context, given.planDigest)
  const scanned = { facts: approved.artifact, allow: approved.checks.allow }
  const artifact = await checkArtifact(deps, context, source, checks, scanned)
  const look = async (session: HostSession) => {
    const parts = { source, artifact: artifact.facts, checks }
    const survey = await surveyDeploy(session, withUnsavedEvidence(context, artifact.evidence), {
      ...given,
      ...parts,
      tools: deps.tools,
    })
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
  return readHost(deps, context, given.host, look, withNewLogin)
}

/** The differences from the approved plan, as the report of the run holds them. */
async function comparePlans(context: EffectContext, approvedDigest: string, plan: DeployPlan) {
  const approved = await readDeployPlan(context, approvedDigest)
  const differences = listPlanDifferences(approved, plan)
  return { message: differences.slice(0, 5).join('; '), differences: differences.slice(0, 100) }
}
