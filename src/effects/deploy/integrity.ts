import { z } from 'zod'
import type { ReadEffect } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import { MANIFEST } from './artifact-rules.ts'
import type { Entry } from './artifact-scan.ts'
import { compared, contentsOf, isCache } from './contents.ts'
import { gateSays } from './gates.ts'
import type { Hand } from './hand.ts'
import { pairs, preflight } from './look.ts'
import type { DeployPlan, DeploySurvey } from './plan.ts'
import { differences, surveyAnchors } from './survey.ts'
import { standing } from './transfer.ts'
import { type DeployWorld, jsonOf, lookAt } from './world.ts'

const input = z.object({ host: z.string(), planDigest: z.string(), surveyDigest: z.string() })
const output = z.looseObject({ passed: z.boolean() })

/** G7: what must not change has not, in the new tree only what is expected came, and the way back finds what it would remove. */
export function integrity(world: DeployWorld): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'integrity',
    kind: 'read',
    input,
    output,
    async execute(context, given) {
      const plan = await jsonOf<DeployPlan>(context, given.planDigest)
      const { anchors: before } = await jsonOf<DeploySurvey>(context, given.surveyDigest)
      const list = await jsonOf<Entry[]>(context, plan.artifact.listDigest)
      return lookAt(world, context, given.host, async (hand) => {
        const after = await surveyAnchors(hand, plan.place)
        const { strict, tolerated } = differences(before, after, plan.checks.tolerate)
        const { faults, benign } =
          context.mode === 'live' ? await newTree(hand, plan, list) : await nothingMade(hand, plan)
        const ready = context.mode !== 'live' || (await standing(hand, context, plan)) === 'done'
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
        const said = gateSays('G7', wrong.length === 0 ? 'PASS' : 'FAIL', why, facts)
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
  hand: Hand,
  { place, checks }: DeployPlan,
  list: Entry[],
): Promise<{ faults: string[]; benign: string[] }> {
  const found = await contentsOf(hand, place.target)
  const { faults, missing, besides } = compared(list, found)
  const expected = new Set([MANIFEST, ...checks.skeleton.folders, ...Object.keys(checks.skeleton.files)])
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
  hand: Hand,
  { place }: DeployPlan,
): Promise<{ faults: string[]; benign: string[] }> {
  const { target, staging } = pairs(await hand.text(preflight(place.parent, place.target, place.staging, [])))
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
