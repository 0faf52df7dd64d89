import { z } from 'zod'
import type { EffectContext } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { bytesEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { writeEffect } from '../../../machine/define-effect.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { ArtifactEntry } from '../artifact-entry.ts'
import { MANIFEST_NAME } from '../artifact-rules.ts'
import { compareAnchors } from '../compare-anchors.ts'
import { listDeployedEntries } from '../deploy-manifest.ts'
import type { DeploySurvey } from '../deploy-survey.ts'
import type { DeployDeps } from '../deps.ts'
import type { HostSession } from '../host-session.ts'
import { surveyAnchors } from '../host-survey.ts'
import { keepFolder, withKeep } from '../keep-folder.ts'
import { makeStaging } from '../make-staging.ts'
import { findMadeOutside, listMade, removeOutside } from '../outside-folders.ts'
import { type DeployPlan, placeOf, watchRulesOf } from '../plan.ts'
import { folderExists, parsePairs, readPromoteState } from '../read-commands.ts'
import { readDeployPlan } from '../read-deploy-plan.ts'
import { completeStages, formatDeployReport, type Stages } from '../stages.ts'
import { switchBack, withdrawTarget } from '../switch-commands.ts'
import { withHost } from '../with-host.ts'
import { removeWithdrawn } from '../withdrawn.ts'
import * as write from '../write-commands.ts'

const input = z.object({
  host: z.string(),
  planDigest: z.string(),
  surveyDigest: z.string(),
  builtDigest: z.string().optional(),
  gates: z.looseObject({}),
  failure: z.string().default('it was requested'),
})
type Input = z.infer<typeof input>

/**
 * The planned rollback: pointer and program, the target in one rename, then what the deploy made. What came besides moves to a folder next
 * to the target. It removes only what names this run, and empty folders that it made outside of the target. An earlier version that was replaced comes back before its program starts.
 */
export const rollback = (deps: DeployDeps) =>
  writeEffect({
    name: 'rollback',
    input,
    output: z.looseObject({ report: z.looseObject({}) }),
    async execute(context, given) {
      const plan = await readDeployPlan(context, given.planDigest)
      return withHost(deps, context, given.host, async (session) => {
        await takeBack(session, context, plan, given)
        if (!(await isGone(session, context, plan)))
          throw new Error(`${plan.place.target} still names this run after the rollback`)
        return describeRollback(session, context, plan, given)
      })
    },
    async simulate(_context, given) {
      return { output: formatOutput(given, 'a dry run made nothing, so nothing was removed', {}) }
    },
    async probe(context, given) {
      const plan = await readDeployPlan(context, given.planDigest)
      return withHost(deps, context, given.host, async (session) => {
        if (!(await isGone(session, context, plan))) return { outcome: 'not-committed' }
        // What an earlier process sent may still arrive, and must not make the staging folder again.
        await session.run(write.discard(plan.place.staging, context.runId))
        return { outcome: 'committed', ...(await describeRollback(session, context, plan, given)) }
      })
    },
  })

/** First the pointer and the program, at once; then the tree. */
async function takeBack(
  session: HostSession,
  context: EffectContext,
  plan: DeployPlan,
  given: Input,
): Promise<void> {
  const { runId } = context
  const { staging, target } = plan.place
  // Stops where an earlier command is still working.
  await readState(session, context, plan)
  await makeStaging(session, staging, runId, target)
  await session.text(switchBack(staging, runId, placeOf(plan), plan.activation?.back ?? null))
  await session.text(withdrawTarget(staging, runId, placeOf(plan)))
  await removeTree(session, context, plan, given)
  if (listMade(plan.outside).length > 0) await session.text(removeOutside(staging, runId, plan.outside!))
  await session.text(write.discard(staging, runId))
}

/** A build that did not end has no list of what it made. Nothing was live then, so that everything in the tree goes with staging. */
async function removeTree(
  session: HostSession,
  context: EffectContext,
  plan: DeployPlan,
  { builtDigest }: Input,
): Promise<void> {
  if (plan.checks.build !== undefined && builtDigest === undefined) return
  const { staging, target } = plan.place
  const entries = await readJsonEvidence<ArtifactEntry[]>(context, plan.artifact.listDigest)
  const built = builtDigest === undefined ? [] : await readJsonEvidence<string[]>(context, builtDigest)
  await removeWithdrawn(session, context, {
    staging,
    ofRun: context.runId,
    target,
    files: plan.artifact.files,
    removes: listDeployedEntries(entries, plan),
    built: [MANIFEST_NAME, ...built],
    keep: keepOf(context, plan),
  })
}

const keepOf = ({ runId }: EffectContext, { place }: DeployPlan) => keepFolder(place, runId.slice(-8))

async function readState(session: HostSession, { runId }: EffectContext, { place, pointer }: DeployPlan) {
  const command = readPromoteState(place.staging, place.target, runId, pointer?.path, pointer?.to)
  const { exitCode, stdout } = await session.run(command)
  if (exitCode === write.EXIT.busy)
    throw new Stop('STOP_ROLLBACK_FAILED', 'an earlier command of this run is still working on the host', {
      next: 'wait, then: cutter run resume <run>',
    })
  return parsePairs(stdout.toString('utf8'))
}

/** Whether nothing on the host names this run any more. */
async function isGone(session: HostSession, context: EffectContext, plan: DeployPlan): Promise<boolean> {
  const { staging, mine, manifest, pointer, backup } = await readState(session, context, plan)
  return (
    manifest === 'no' &&
    !(staging === 'yes' && mine === 'yes') &&
    (plan.pointer === null || pointer === 'no') &&
    (plan.strategy !== 'replace' || backup === 'no')
  )
}

async function describeRollback(
  session: HostSession,
  context: EffectContext,
  plan: DeployPlan,
  given: Input,
) {
  const { anchors } = await readJsonEvidence<DeploySurvey>(context, given.surveyDigest)
  const keep = keepOf(context, plan)
  const after = await surveyAnchors(session, withKeep(plan.place, keep), plan.checks.mutable)
  const isKept = (await session.run(folderExists(keep))).exitCode === 0
  const { tolerated, warnings, ...found } = compareAnchors(anchors, after, watchRulesOf(plan))
  const { target } = await readState(session, context, plan)
  const outside = await findMadeOutside(session, plan.outside)
  const left = `something is at ${plan.place.target} that does not name this run, and was left there`
  // The anchor of an earlier version that was replaced says whether it is there again.
  const isClear = target === 'absent' || plan.strategy === 'replace'
  const strict = isClear ? found.strict : [left, ...found.strict]
  const kept = isKept ? `; what came besides is in ${keep}` : ''
  const what =
    strict.length === 0
      ? `rolled back: the host is as it was${kept}`
      : `rolled back; in addition, the host changed: ${strict[0]}${kept}`
  const output = formatOutput(given, what, {
    removed: plan.place.target,
    ...(isKept ? { kept: keep } : {}),
    ...(outside.length === 0 ? {} : { staysOutside: outside }),
    asBefore: strict.length === 0,
    differences: strict.slice(0, 50),
    tolerated: [...warnings, ...tolerated].slice(0, 50),
  })
  const stages = output.report.gates as unknown as Required<Stages>
  const title = `Deploy ${context.runId}: rolled back`
  const text = formatDeployReport(title, stages, [given.failure, ...strict])
  return {
    output,
    evidence: [bytesEvidence('report/deploy', 'text/markdown', Buffer.from(text)), session.sent('rollback')],
  }
}

function formatOutput({ gates, failure }: Input, what: string, facts: { [key: string]: Json }) {
  return {
    report: {
      failure,
      standsAs: what,
      gates: completeStages(gates as Stages, failure) as unknown as Json,
      rollback: { what, because: failure, ...facts },
    },
  }
}
