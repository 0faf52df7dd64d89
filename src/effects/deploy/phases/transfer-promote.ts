import { z } from 'zod'
import type { EffectContext } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { writeEffect } from '../../../machine/define-effect.ts'
import type { Artifact } from '../build-artifact.ts'
import type { DeployDeps } from '../deps.ts'
import { CommandFailed, type HostSession } from '../host-session.ts'
import { type DeployPlan, placeOf, switchesFirst } from '../plan.ts'
import { assertPlannedHost, notConfirmedError, readPromotion } from '../promotion.ts'
import { readDeployPlan } from '../read-deploy-plan.ts'
import { buildPlannedArtifact, sendArtifact } from '../send-artifact.ts'
import { reportStage } from '../stages.ts'
import { confirm, promote, switchOver, withdrawTarget } from '../switch-commands.ts'
import { isConnectionLost, withHost, withNewLogin } from '../with-host.ts'
import * as write from '../write-commands.ts'

/**
 * Stage G4: send, compare, extract, compare, claim, rename. Every step can be repeated, so that a later process continues from what the
 * host holds. The phase is done when the manifest in the target names the run. The release is not live then, except under a plan of v1,
 * which switches here.
 */
export const transferPromote = (deps: DeployDeps) =>
  writeEffect({
    name: 'transfer_promote',
    input: z.object({ host: z.string(), planDigest: z.string(), sourceDigest: z.string() }),
    output: z.looseObject({ promoted: z.boolean() }),
    async execute(context, given) {
      const plan = await readDeployPlan(context, given.planDigest)
      const artifact = await buildPlannedArtifact(deps, context, plan, given.sourceDigest)
      try {
        const sent = await withHost(deps, context, given.host, async (session) => {
          await promoteTree(session, context, plan, given.planDigest, artifact)
          return session.sent('transfer_promote')
        })
        if (!switchesFirst(plan))
          return { output: describeDone(plan, context.now().toISOString()), evidence: [sent] }
        // A second connection proves that the host still lets the user in.
        return await withNewLogin(deps, context, given.host, (session) =>
          finishSwitch(session, context, plan),
        )
      } finally {
        await artifact.dispose()
      }
    },
    async simulate(context, given) {
      const plan = await readDeployPlan(context, given.planDigest)
      const artifact = await buildPlannedArtifact(deps, context, plan, given.sourceDigest)
      await artifact.dispose()
      const why = `a dry run sends nothing: the artifact was built again and has the planned hash; the plan holds ${plan.commands.length} commands`
      return { output: { promoted: false, ...reportStage('G4', 'NOT EXECUTED', why) } }
    },
    async probe(context, given) {
      const plan = await readDeployPlan(context, given.planDigest)
      const state = await withHost(deps, context, given.host, (session) =>
        readPromotion(session, context, plan),
      )
      if (state === 'expired') throw notConfirmedError(plan)
      if (state === 'busy')
        return { outcome: 'unknown', why: 'an earlier command of this run is still working on the host' }
      return state === 'done' || (state === 'moved' && !switchesFirst(plan))
        ? { outcome: 'committed', output: describeDone(plan, null) }
        : { outcome: 'not-committed' }
    },
  })

async function promoteTree(
  session: HostSession,
  context: EffectContext,
  plan: DeployPlan,
  planDigest: string,
  artifact: Artifact,
): Promise<void> {
  const { runId } = context
  const { staging } = plan.place
  assertPlannedHost(session, plan)
  try {
    if ((await readPromotion(session, context, plan)) === 'open')
      await sendArtifact(session, context, plan, planDigest, artifact)
    await session.text(promote(staging, runId, placeOf(plan)))
    if (switchesFirst(plan))
      await session.text(switchOver(staging, runId, placeOf(plan), plan.confirmSeconds, null))
  } catch (error) {
    if (isConnectionLost(error) || context.signal.aborted) throw error
    if (error instanceof CommandFailed && error.exitCode === write.EXIT.expired) throw notConfirmedError(plan)
    throw await removeAfterFailure(session, context, plan, error)
  }
}

async function finishSwitch(session: HostSession, context: EffectContext, plan: DeployPlan) {
  const { staging } = plan.place
  if (plan.confirmSeconds !== null) await confirmReached(session, context, plan)
  await session.text(write.discard(staging, context.runId))
  return {
    output: describeDone(plan, context.now().toISOString()),
    evidence: [session.sent('transfer_promote')],
  }
}

async function confirmReached(
  session: HostSession,
  { runId }: EffectContext,
  plan: DeployPlan,
): Promise<void> {
  const { exitCode } = await session.run(confirm(plan.place.staging, runId))
  if (exitCode === write.EXIT.expired) throw notConfirmedError(plan)
  if (exitCode !== 0) throw new Error(`the deploy could not be confirmed on the host (exit code ${exitCode})`)
}

/** After a failure that certainly happened: removes what this run made. Only when that succeeds is the failure a stop. */
async function removeAfterFailure(
  session: HostSession,
  { runId }: EffectContext,
  plan: DeployPlan,
  cause: unknown,
): Promise<unknown> {
  // In this order, and only as far as it succeeds: staging holds the claim of a target that could not be withdrawn.
  const commands = [
    withdrawTarget(plan.place.staging, runId, placeOf(plan)),
    write.discard(plan.place.staging, runId),
  ]
  for (const command of commands) {
    const { exitCode } = await session.run(command)
    if (exitCode !== 0 && exitCode !== write.EXIT.notOurs) return cause
  }
  const { code, what, next } = explainFailure(cause, plan.place)
  return new Stop(code, `${what}; what this run had made on the host was removed`, { next, cause })
}

function explainFailure(cause: unknown, { target, staging }: DeployPlan['place']) {
  const drift = {
    code: 'STOP_DRIFT' as const,
    next: 'find out who put it there; then cutter run resume <run>, or cancel it and start another',
  }
  const exit = cause instanceof CommandFailed ? cause.exitCode : null
  if (exit === write.EXIT.notThere)
    return {
      ...drift,
      what: `the version at ${target} that the plan replaces is gone, or no folder any more`,
    }
  if (exit === write.EXIT.targetThere)
    return { ...drift, what: `something appeared at ${target} since the plan was approved` }
  if (exit === write.EXIT.notOurs) return { ...drift, what: `${staging} belongs to another run` }
  if (exit === write.EXIT.pointerMoved)
    return { ...drift, what: 'the pointer leads elsewhere since the plan was approved' }
  return {
    code: 'STOP_TRANSFER_FAILED' as const,
    what: cause instanceof Error ? cause.message : String(cause),
    next: 'fix the cause on the host, then: cutter run resume <run>',
  }
}

/** The output of a promote that is done. `at`: an ISO time; null where only a probe found it. */
function describeDone(plan: DeployPlan, at: string | null) {
  const { artifact, place, source, pointer } = plan
  const facts = {
    target: place.target,
    commit: source.commit,
    artifactSha256: artifact.sha256,
    ...(pointer === null || !switchesFirst(plan) ? {} : { pointer: `${pointer.path} → ${pointer.to}` }),
    ...(at === null ? {} : { at }),
  }
  const why = `${place.target} holds commit ${source.commit}, every file by its hash`
  return { promoted: true, ...reportStage('G4', 'PASS', why, facts) }
}
