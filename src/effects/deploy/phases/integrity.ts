import { z } from 'zod'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { ArtifactEntry } from '../artifact-entry.ts'
import { MANIFEST_NAME } from '../artifact-rules.ts'
import { compareAnchors } from '../compare-anchors.ts'
import type { DeploySurvey } from '../deploy-survey.ts'
import type { DeployDeps } from '../deps.ts'
import type { HostSession } from '../host-session.ts'
import { surveyAnchors } from '../host-survey.ts'
import { createIsMutable } from '../mutable-paths.ts'
import { findMadeOutside, listMade } from '../outside-folders.ts'
import { afterReplacing } from '../paths.ts'
import { type DeployPlan, watchRulesOf } from '../plan.ts'
import { readPromotion } from '../promotion.ts'
import { parsePairs } from '../read-commands.ts'
import { readDeployPlan } from '../read-deploy-plan.ts'
import { askPreflight } from '../run-preflight.ts'
import { listSharedEntries } from '../shared-paths.ts'
import { reportStage } from '../stages.ts'
import { compareTree, isBelow, isCache, listTree } from '../tree-listing.ts'
import { readHost } from '../with-host.ts'

/** Stage G7: the anchors are unchanged, the new tree holds only what is expected, and a rollback finds what it would remove. */
export const integrity = (deps: DeployDeps) =>
  readEffect({
    name: 'integrity',
    input: z.object({
      host: z.string(),
      planDigest: z.string(),
      surveyDigest: z.string(),
      builtDigest: z.string().optional(),
    }),
    output: z.looseObject({ passed: z.boolean() }),
    async execute(context, given) {
      const plan = await readDeployPlan(context, given.planDigest)
      const { anchors: before } = await readJsonEvidence<DeploySurvey>(context, given.surveyDigest)
      const list = await readJsonEvidence<ArtifactEntry[]>(context, plan.artifact.listDigest)
      const built =
        given.builtDigest === undefined ? [] : await readJsonEvidence<string[]>(context, given.builtDigest)
      const live = context.mode === 'live'
      const place = live ? afterReplacing(plan.place, context.runId) : plan.place
      return readHost(deps, context, given.host, async (session) => {
        const [after, { faults, benign }, ready, gone] = await Promise.all([
          surveyAnchors(session, place, plan.checks.mutable),
          live
            ? examineNewTree(session, plan, list, built)
            : { faults: await listAnythingMade(session, plan), benign: [] },
          !live || readPromotion(session, context, plan).then((found) => found === 'done'),
          live ? findGoneOutside(session, plan) : [],
        ])
        const { strict, warnings, tolerated } = compareAnchors(before, after, watchRulesOf(plan))
        const unready = ready ? [] : ['the target doesn’t name this run, so a rollback would not find it']
        const wrong = [...strict, ...faults, ...gone, ...unready]
        if (wrong.length > 0 && !live) throw changedByOthersError(wrong)
        const passed = wrong.length === 0
        const warned = warnings.length === 0 ? '' : `; warning: ${warnings.slice(0, 3).join('; ')}`
        const why = passed
          ? `${explainPass({ ...plan, place }, context.mode)}${warned}`
          : wrong.slice(0, 10).join('; ')
        const report = reportStage('G7', passed ? 'PASS' : 'FAIL', why, {
          previous: after.previous.map(({ path, treeHash }) => `${path} ${treeHash}`),
          ...(plan.outside === undefined
            ? {}
            : { outside: plan.outside.map(({ path, state }) => `${path} ${state}`) }),
          benign: benign.slice(0, 20),
          warnings: warnings.slice(0, 50),
          tolerated: tolerated.slice(0, 20),
          notAvailable: Object.entries(after.system).flatMap(([part, state]) =>
            state === 'not available' ? [part] : [],
          ),
        })
        return {
          output: { passed, ...(passed ? {} : { failure: `integrity: ${wrong[0]}` }), ...report },
          evidence: [jsonEvidence('anchors/after', after), session.sent('integrity')],
        }
      })
    },
  })

/** The folders outside of the target that the run made, and that are gone by now. */
async function findGoneOutside(session: HostSession, { outside }: DeployPlan): Promise<string[]> {
  const there = await findMadeOutside(session, outside)
  return listMade(outside).flatMap(({ path }) => (there.includes(path) ? [] : [`${path} is gone`]))
}

function explainPass({ place, rollback }: DeployPlan, mode: string): string {
  const old =
    place.previous.length === 0
      ? 'no earlier version was named'
      : `${place.previous.join(', ')}: unchanged to the byte`
  return mode === 'live'
    ? `${old}; the rollback's ${rollback.length} commands find this run's manifest`
    : `${old}; nothing was made on the host`
}

async function examineNewTree(
  session: HostSession,
  { place, checks }: DeployPlan,
  list: ArtifactEntry[],
  built: string[],
): Promise<{ faults: string[]; benign: string[] }> {
  const found = await listTree(session, place.target)
  const { faults, missing, besides } = compareTree(
    [...list, ...listSharedEntries(list, { checks, place })],
    found,
    createIsMutable(checks.mutable),
  )
  const { folders, files } = checks.skeleton
  const expected = new Set([MANIFEST_NAME, ...folders, ...Object.keys(files), ...built])
  const within = new Set([...folders, ...built])
  const isExpected = (path: string) => expected.has(path) || isBelow(path, within)
  const others = besides.filter((path) => !isExpected(path))
  const unexpected = others.filter((path) => !isCache(path, found))
  return {
    faults: [
      ...[...faults, ...missing].map((fault) => `${place.target}: ${fault}`),
      ...unexpected.map((path) => `${place.target}/${path} was added`),
    ],
    benign: others.filter((path) => isCache(path, found)).map((path) => `${path} (a cache)`),
  }
}

/** What is at target or staging after a dry run, which makes nothing itself. */
async function listAnythingMade(session: HostSession, { place }: DeployPlan): Promise<string[]> {
  const { target, staging } = parsePairs(await session.text(askPreflight(place, [])))
  const isExpected = target === 'absent' || place.strategy === 'replace'
  return [
    ...(isExpected ? [] : [`${place.target} exists`]),
    ...(staging === 'absent' ? [] : [`${place.staging} exists`]),
  ]
}

function changedByOthersError(lines: string[]): Stop {
  return new Stop(
    'STOP_DRIFT',
    `others changed the host during this dry run: ${lines.slice(0, 5).join('; ')}`,
    {
      next: 'start another dry run when nothing changes there, or name under tolerate in the checks file what may change',
      data: { differences: lines.slice(0, 100) },
    },
  )
}
