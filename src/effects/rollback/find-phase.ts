import { z } from 'zod'
import type { Effect } from '../../domain/effect.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import { digestOf } from '../../domain/json.ts'
import { readEffect } from '../../machine/define-effect.ts'
import type { HostSession } from '../deploy/host-session.ts'
import { surveyAnchors } from '../deploy/host-survey.ts'
import { withKeep } from '../deploy/keep-folder.ts'
import { afterReplacing } from '../deploy/paths.ts'
import { readDeployPlan } from '../deploy/read-deploy-plan.ts'
import { readHost, withHost, withNewLogin } from '../deploy/with-host.ts'
import { assertRollbackable } from './assert-rollbackable.ts'
import type { RollbackDeps } from './deps.ts'
import { locateDeploy } from './locate-deploy.ts'
import { findLostStaging } from './lost-staging/find-lost-staging.ts'
import { lostStagingInput, namesLostStaging } from './lost-staging/plan.ts'
import { planRollback, type RollbackPlan } from './plan.ts'
import { readRollbackPlan } from './read-rollback-plan.ts'

/**
 * Defines a phase that finds what a deploy left on its host, and plans to take it back.
 */
export const defineFindPhase = (deps: RollbackDeps, name: string): Effect =>
  readEffect({
    name,
    input: lostStagingInput
      .partial({ host: true, staging: true })
      .extend({ to: z.string().optional(), planDigest: z.string().nullable() }),
    output: z.looseObject({ planDigest: z.string(), surveyDigest: z.string() }),
    async execute(context, given) {
      // The last check at the gate trusts no earlier connection.
      const connect = given.planDigest === null ? withHost : withNewLogin
      if (namesLostStaging(given)) {
        const lost = { ...lostStagingInput.parse(given), planDigest: given.planDigest }
        const find = (session: HostSession) => findLostStaging(session, context, lost, name)
        return readHost(deps, context, lost.host, find, connect)
      }
      const { runId, planDigest, builtDigest, host } = assertRollbackable(await deps.run(given.run))
      const planned = await readDeployPlan(context, planDigest)
      const deploy = host === null ? planned : { ...planned, host: { ...planned.host, name: host } }
      const adopted = await deps.adopted()
      const sought = { runId, planDigest, plan: deploy, builtDigest, adopted }
      const look = async (session: HostSession) => {
        const found = await locateDeploy(session, context, sought, given.to ?? null)
        const { mode, version: machineVersion } = context
        const { place, source } = deploy
        const made = { ofRun: runId, ofPlan: planDigest, place, commit: source.commit }
        const plan = planRollback({ machineVersion, mode, ...made, ...found })
        const survey = jsonEvidence(
          'survey/before',
          await surveyAnchors(
            session,
            withKeep(plan.restores === undefined ? place : afterReplacing(place, runId), plan.keep),
            deploy.checks.mutable,
          ),
        )
        const evidence = jsonEvidence('plan/SG2', plan)
        const earlier = given.planDigest === null ? null : await readRollbackPlan(context, given.planDigest)
        return {
          output: {
            planDigest: evidence.digest,
            surveyDigest: survey.digest,
            report: describePlan(plan, earlier),
          },
          evidence: [survey, evidence, session.sent(name)],
        }
      }
      return readHost(deps, context, deploy.host.name, look, connect)
    },
  })

function describePlan(plan: RollbackPlan, earlier: RollbackPlan | null) {
  const { ofRun, host, target, files, removes, pointer } = plan
  const differences = earlier === null ? [] : listPlanDifferences(earlier, plan)
  const recheck =
    differences.length === 0 ? null : { message: differences.slice(0, 5).join('; '), differences }
  return {
    ofRun,
    host: { name: host.name, address: host.address },
    target,
    pointer,
    plan: { files, removes: plan.stays ? 0 : removes.length },
    recheck,
  }
}

/** The differences between the plan at the gate and a new one, one line for each. */
function listPlanDifferences(before: RollbackPlan, now: RollbackPlan): string[] {
  const fields = [
    'host',
    'found',
    'pointer',
    'back',
    'stays',
    'built',
    'removesAbove',
    'machineVersion',
  ] as const
  const differ = fields.filter((field) => digestOf(before[field]) !== digestOf(now[field]))
  const keys = (plan: RollbackPlan) => plan.removes.map((removed) => digestOf(removed))
  const [was, is] = [new Set(keys(before)), new Set(keys(now))]
  return [
    ...differ.map(
      (field) => `${field} was ${JSON.stringify(before[field])}, is ${JSON.stringify(now[field])}`,
    ),
    ...now.removes
      .filter((removed) => !was.has(digestOf(removed)))
      .map(({ path }) => `${path} would be removed, and the approved plan does not list it so`),
    ...before.removes
      .filter((removed) => !is.has(digestOf(removed)))
      .map(({ path }) => `${path} is no longer there as planned`),
  ].slice(0, 100)
}
