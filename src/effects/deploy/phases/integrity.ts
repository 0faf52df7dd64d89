import { z } from 'zod'
import type { ReadEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { MANIFEST_NAME } from '../artifact-rules.ts'
import { type DeployDeps, readEvidenceJson, readHost } from '../deps.ts'
import type { HostSession } from '../host-session.ts'
import { compareAnchors, surveyAnchors } from '../host-survey.ts'
import type { DeployPlan, DeploySurvey } from '../plan.ts'
import { askPreflight, parsePairs } from '../read-commands.ts'
import type { ArtifactEntry } from '../scan-artifact.ts'
import { reportStage } from '../stages.ts'
import { compareTree, isCache, listTree } from '../tree-listing.ts'
import { readPromotion } from './transfer-promote.ts'

const input = z.object({ host: z.string(), planDigest: z.string(), surveyDigest: z.string() })
const output = z.looseObject({ passed: z.boolean() })

/** G7: what must not change has not, in the new tree only what is expected came, and the way back finds what it would remove. */
export function integrity(world: DeployDeps): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'integrity',
    kind: 'read',
    input,
    output,
    async execute(context, given) {
      const plan = await readEvidenceJson<DeployPlan>(context, given.planDigest)
      const { anchors: before } = await readEvidenceJson<DeploySurvey>(context, given.surveyDigest)
      const list = await readEvidenceJson<ArtifactEntry[]>(context, plan.artifact.listDigest)
      return readHost(world, context, given.host, async (hand) => {
        const after = await surveyAnchors(hand, plan.place)
        const { strict, tolerated } = compareAnchors(before, after, plan.checks.tolerate)
        const { faults, benign } =
          context.mode === 'live' ? await newTree(hand, plan, list) : await nothingMade(hand, plan)
        const ready = context.mode !== 'live' || (await readPromotion(hand, context, plan)) === 'done'
        const wrong = [
          ...strict,
          ...faults,
          ...(ready ? [] : ['the target doesn’t name this run, so a rollback would not find it']),
        ]
        if (wrong.length > 0 && context.mode !== 'live') throw changedByOthers(wrong)
        const facts = {
          previous: after.previous.map(({ path, treeHash }) => `${path} ${treeHash}`),
          benign: benign.slice(0, 20),
          tolerated: tolerated.slice(0, 20),
          notAvailable: Object.entries(after.system).flatMap(([part, state]) =>
            state === 'not available' ? [part] : [],
          ),
        }
        const why = wrong.length === 0 ? whyGood(plan, context.mode) : wrong.slice(0, 10).join('; ')
        const said = reportStage('G7', wrong.length === 0 ? 'PASS' : 'FAIL', why, facts)
        return {
          output: {
            passed: wrong.length === 0,
            ...(wrong.length === 0 ? {} : { failure: `integrity: ${wrong[0]}` }),
            ...said,
          },
          evidence: [jsonEvidence('anchors/after', after), hand.sent('integrity')],
        }
      })
    },
  }
}

function whyGood({ place, rollback }: DeployPlan, mode: string): string {
  const old =
    place.previous.length === 0
      ? 'no earlier version was named'
      : `${place.previous.join(', ')}: unchanged to the byte`
  return mode === 'live'
    ? `${old}; the rollback's ${rollback.length} commands find this run's manifest`
    : `${old}; nothing was made on the host`
}

async function newTree(
  hand: HostSession,
  { place, checks }: DeployPlan,
  list: ArtifactEntry[],
): Promise<{ faults: string[]; benign: string[] }> {
  const found = await listTree(hand, place.target)
  const { faults, missing, besides } = compareTree(list, found)
  const expected = new Set([MANIFEST_NAME, ...checks.skeleton.folders, ...Object.keys(checks.skeleton.files)])
  const inSkeleton = (path: string) =>
    expected.has(path) || checks.skeleton.folders.some((folder) => path.startsWith(`${folder}/`))
  const others = besides.filter((path) => !inSkeleton(path))
  return {
    faults: [
      ...[...faults, ...missing].map((fault) => `${place.target}: ${fault}`),
      ...others.filter((path) => !isCache(path, found)).map((path) => `${place.target}/${path} came besides`),
    ],
    benign: others.filter((path) => isCache(path, found)).map((path) => `${path} (a cache)`),
  }
}

async function nothingMade(
  hand: HostSession,
  { place }: DeployPlan,
): Promise<{ faults: string[]; benign: string[] }> {
  const { target, staging } = parsePairs(
    await hand.text(askPreflight(place.parent, place.target, place.staging, [])),
  )
  const there = [
    target === 'absent' ? [] : [`${place.target} is there`],
    staging === 'absent' ? [] : [`${place.staging} is there`],
  ].flat()
  return { faults: there, benign: [] }
}

function changedByOthers(lines: string[]): Stop {
  return new Stop(
    'STOP_DRIFT',
    `the host changed while this dry run went on, by others: ${lines.slice(0, 5).join('; ')}`,
    {
      next: 'start another dry run when it rests, or name under tolerate in the checks file what may change',
      data: { differences: lines.slice(0, 100) },
    },
  )
}
