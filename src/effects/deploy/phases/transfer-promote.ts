import { z } from 'zod'
import type { EffectContext, EffectResult, Probe, WriteEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { MANIFEST_NAME } from '../artifact-rules.ts'
import { type Artifact, buildArtifact } from '../build-artifact.ts'
import { formatManifest } from '../deploy-manifest.ts'
import { type DeployDeps, isConnectionLost, readEvidenceJson, withHost } from '../deps.ts'
import { CommandFailed, type HostSession } from '../host-session.ts'
import type { DeployPlan } from '../plan.ts'
import { parsePairs, readPromoteState } from '../read-commands.ts'
import type { Source } from '../resolve-source.ts'
import { reportStage } from '../stages.ts'
import { compareTree, listTree } from '../tree-listing.ts'
import * as write from '../write-commands.ts'

const input = z.object({ host: z.string(), planDigest: z.string(), sourceDigest: z.string() })
const output = z.looseObject({ promoted: z.boolean() })
type Input = z.infer<typeof input>
type Output = z.infer<typeof output>

/**
 * G4: send, compare, extract, compare, claim, rename. Every step can be done again, so whoever finds the host half-way goes on from there;
 * what decides whether it is done is the manifest in the target that names the run.
 */
export function transferPromote(world: DeployDeps): WriteEffect<Input, Output> {
  return {
    name: 'transfer_promote',
    kind: 'write',
    input,
    output,
    async execute(context, given) {
      const plan = await readEvidenceJson<DeployPlan>(context, given.planDigest)
      const artifact = await plannedArtifact(context, plan, given.sourceDigest)
      try {
        await withHost(world, context, given.host, (hand) =>
          promoteWith(hand, context, plan, given.planDigest, artifact),
        )
        // Over a connection of its own: that there still is a way in is what it says.
        return await withHost(world, context, given.host, (hand) => finishWith(hand, context, plan))
      } finally {
        await artifact.dispose()
      }
    },
    async simulate(context, given) {
      const plan = await readEvidenceJson<DeployPlan>(context, given.planDigest)
      const artifact = await plannedArtifact(context, plan, given.sourceDigest)
      await artifact.dispose()
      const why = `a dry run sends nothing: the artifact was built again and has the planned hash; ${plan.commands.length} commands stand in the plan`
      return { output: { promoted: false, ...reportStage('G4', 'NOT EXECUTED', why) } }
    },
    async probe(context, given): Promise<Probe<Output>> {
      const plan = await readEvidenceJson<DeployPlan>(context, given.planDigest)
      return withHost(world, context, given.host, async (hand): Promise<Probe<Output>> => {
        const state = await readPromotion(hand, context, plan)
        if (state === 'expired') throw wentBack(plan)
        if (state === 'busy')
          return { outcome: 'unknown', why: 'an earlier command of this run still works on the host' }
        return state === 'done'
          ? { outcome: 'committed', ...doneResult(plan, null) }
          : { outcome: 'not-committed' }
      })
    },
  }
}

/** The commit gives the planned bytes again, or nothing is sent. */
async function plannedArtifact(
  context: EffectContext,
  plan: DeployPlan,
  sourceDigest: string,
): Promise<Artifact> {
  const source = await readEvidenceJson<Source>(context, sourceDigest)
  const artifact = await buildArtifact(source, context.signal, plan.checks.allow)
  if (artifact.sha256 === plan.artifact.sha256) return artifact
  await artifact.dispose()
  throw new Stop(
    'STOP_DRIFT',
    `commit ${source.commit} now gives the artifact ${artifact.sha256}, approved was ${plan.artifact.sha256}; nothing was sent`,
    {
      next: 'another version of git may write another tar; cancel the run and start another one here',
    },
  )
}

async function promoteWith(
  hand: HostSession,
  context: EffectContext,
  plan: DeployPlan,
  planDigest: string,
  artifact: Artifact,
): Promise<void> {
  const { runId } = context
  const { staging, target } = plan.place
  assertPlannedHost(hand, plan)
  try {
    if ((await readPromotion(hand, context, plan)) === 'open')
      await send(hand, context, plan, planDigest, artifact)
    await hand.text(write.promote(staging, runId, target, plan.pointer, plan.confirmSeconds))
  } catch (error) {
    if (isConnectionLost(error) || context.signal.aborted) throw error
    if (error instanceof CommandFailed && error.exitCode === write.EXIT.expired) throw wentBack(plan)
    throw await takenBack(hand, context, plan, error)
  }
}

async function finishWith(
  hand: HostSession,
  context: EffectContext,
  plan: DeployPlan,
): Promise<EffectResult<Output>> {
  const { staging } = plan.place
  if (plan.confirmSeconds !== null) await confirmed(hand, context, plan)
  await hand.text(write.discard(staging, context.runId))
  return {
    ...doneResult(plan, context.now().toISOString()),
    evidence: [hand.sent('transfer_promote')],
  }
}

async function confirmed(hand: HostSession, { runId }: EffectContext, plan: DeployPlan): Promise<void> {
  const { exitCode } = await hand.run(write.confirm(plan.place.staging, runId))
  if (exitCode === write.EXIT.expired) throw wentBack(plan)
  if (exitCode !== 0) throw new Error(`the deploy could not be confirmed on the host (exit code ${exitCode})`)
}

/** The host took the way back by itself, and nothing but the mark of that is left. */
function wentBack({ place, confirmSeconds }: DeployPlan): Stop {
  return new Stop(
    'STOP_NOT_CONFIRMED',
    `nobody reached the host within ${confirmSeconds} s of the promote, so it went back by itself: ${place.target} is gone again`,
    {
      next: 'find out why it could not be reached; cutter run cancel <run> removes the mark of it, then start another run',
    },
  )
}

/** `moved`: the tree is in its place and the rest is to be done; `done`: nothing is left to do. */
export async function readPromotion(
  hand: HostSession,
  { runId }: EffectContext,
  { place, pointer }: DeployPlan,
): Promise<'open' | 'moved' | 'done' | 'busy' | 'expired'> {
  const { exitCode, stdout } = await hand.run(
    readPromoteState(place.staging, place.target, runId, pointer?.path, pointer?.to),
  )
  if (exitCode === write.EXIT.busy) return 'busy'
  const found = parsePairs(stdout.toString('utf8'))
  if (found.expired === 'yes') return 'expired'
  if (found.manifest !== 'yes') return 'open'
  return found.pointer === 'yes' && found.staging === 'no' ? 'done' : 'moved'
}

export function assertPlannedHost(hand: HostSession, { host }: Pick<DeployPlan, 'host'>): void {
  const { type, fingerprint } = hand.host.hostKey
  if (`${type} ${fingerprint}` === host.hostKey && hand.host.address === host.address) return
  throw new Stop(
    'STOP_DRIFT',
    `${hand.host.address} with ${fingerprint} is not the host of the approved plan (${host.address}, ${host.hostKey}); nothing was sent`,
  )
}

async function send(
  hand: HostSession,
  context: EffectContext,
  plan: DeployPlan,
  planDigest: string,
  artifact: Artifact,
): Promise<void> {
  const { runId } = context
  const { staging } = plan.place
  await hand.text(write.stage(staging, runId))
  context.progress(`sends ${artifact.bytes} bytes`)
  await hand.put(artifact.file, `${staging}/artifact.tar`, 0o600)
  await hand.text(write.extract(staging, runId, artifact.sha256))
  const { faults, missing, besides } = compareTree(artifact.entries, await listTree(hand, `${staging}/tree`))
  const wrong = [...faults, ...missing, ...besides.map((path) => `${path} came from nowhere`)]
  if (wrong.length > 0)
    throw new Error(`what was extracted is not the artifact: ${wrong.slice(0, 5).join('; ')}`)
  const made = { runId, deployedAt: context.now().toISOString() }
  const text = formatManifest(made, plan, planDigest, artifact.entries)
  await hand.putText(text, `${staging}/tree/${MANIFEST_NAME}`, 0o644)
}

/** Something went wrong that is known to have happened: what was made is removed, and only then is it a stop. */
async function takenBack(
  hand: HostSession,
  { runId }: EffectContext,
  { place, pointer }: DeployPlan,
  cause: unknown,
): Promise<unknown> {
  // In this order, and no further than it goes: staging knows the claim of a target that could not be withdrawn.
  const back = [
    write.withdrawTarget(place.staging, runId, place.target, pointer),
    write.discard(place.staging, runId),
  ]
  for (const command of back) {
    const { exitCode } = await hand.run(command)
    if (exitCode !== 0 && exitCode !== write.EXIT.notOurs) return cause
  }
  const { code, what, next } = explained(cause, place)
  return new Stop(code, `${what}; what this run had made on the host was removed`, { next, cause })
}

function explained(cause: unknown, { target, staging }: DeployPlan['place']) {
  const drift = {
    code: 'STOP_DRIFT' as const,
    next: 'look who put it there; then cutter run resume <run>, or cancel it and start another',
  }
  const exit = cause instanceof CommandFailed ? cause.exitCode : null
  if (exit === write.EXIT.targetThere)
    return { ...drift, what: `something appeared at ${target} since the plan was approved` }
  if (exit === write.EXIT.notOurs) return { ...drift, what: `${staging} belongs to another run` }
  if (exit === write.EXIT.pointerMoved)
    return { ...drift, what: 'the pointer leads elsewhere since the plan was approved' }
  const next = 'mend that on the host, then: cutter run resume <run>'
  return {
    code: 'STOP_TRANSFER_FAILED' as const,
    what: cause instanceof Error ? cause.message : String(cause),
    next,
  }
}

function doneResult(plan: DeployPlan, at: string | null): EffectResult<Output> {
  const { artifact, place, source, pointer } = plan
  const facts = {
    target: place.target,
    commit: source.commit,
    artifactSha256: artifact.sha256,
    ...(pointer === null ? {} : { pointer: `${pointer.path} → ${pointer.to}` }),
    ...(at === null ? {} : { at }),
  }
  return {
    output: {
      promoted: true,
      ...reportStage(
        'G4',
        'PASS',
        `${place.target} holds commit ${source.commit}, every file by its hash`,
        facts,
      ),
    },
  }
}
