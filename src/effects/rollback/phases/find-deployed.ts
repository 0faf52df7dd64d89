import { z } from 'zod'
import type { ReadEffect } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { digestOf } from '../../../domain/json.ts'
import { readEvidenceJson, readHost } from '../../deploy/deps.ts'
import { surveyAnchors } from '../../deploy/host-survey.ts'
import type { DeployPlan } from '../../deploy/plan.ts'
import { assertRollbackable, type RollbackDeps } from '../deps.ts'
import { locateDeploy } from '../locate-deploy.ts'
import { planRollback, type RollbackPlan } from '../plan.ts'

const input = z.object({ run: z.string(), planDigest: z.string().nullable() })
const output = z.looseObject({ planDigest: z.string(), surveyDigest: z.string() })

/**
 * Looks at what a deploy left on its host and plans its removal. Every file is compared by its hash with what was deployed: whatever
 * changed, is missing or came besides stops, by name. Done once more as the last check at the gate.
 */
export function findDeployed(
  world: RollbackDeps,
  name: string,
): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name,
    kind: 'read',
    input,
    output,
    async execute(context, given) {
      const { runId, planDigest } = assertRollbackable(await world.run(given.run))
      const deploy = await readEvidenceJson<DeployPlan>(context, planDigest)
      return readHost(world, context, deploy.host.name, async (hand) => {
        const found = await locateDeploy(hand, context, runId, planDigest, deploy)
        const { mode, version: machineVersion } = context
        const { place, source } = deploy
        const made = { ofRun: runId, ofPlan: planDigest, place, commit: source.commit }
        const plan = planRollback({ machineVersion, mode, ...made, ...found })
        const survey = jsonEvidence('survey/before', await surveyAnchors(hand, place))
        const planned = jsonEvidence('plan/SG2', plan)
        const before =
          given.planDigest === null ? null : await readEvidenceJson<RollbackPlan>(context, given.planDigest)
        const differences = before === null ? [] : planDifferences(before, plan)
        const { target, files, removes, pointer } = plan
        const recheck =
          differences.length === 0 ? null : { message: differences.slice(0, 5).join('; '), differences }
        return {
          output: {
            planDigest: planned.digest,
            surveyDigest: survey.digest,
            report: {
              ofRun: runId,
              host: { name: plan.host.name, address: plan.host.address },
              target,
              pointer,
              plan: { files, removes: removes.length, caches: removes.filter(({ cache }) => cache).length },
              recheck,
            },
          },
          evidence: [survey, planned, hand.sent(name)],
        }
      })
    },
  }
}

/** What differs between the plan at the gate and one made anew, a line each. */
function planDifferences(before: RollbackPlan, now: RollbackPlan): string[] {
  const fields = ['host', 'found', 'pointer', 'removesAbove', 'machineVersion'] as const
  const differ = fields.filter((field) => digestOf(before[field]) !== digestOf(now[field]))
  const keys = (plan: RollbackPlan) => plan.removes.map((removed) => digestOf(removed))
  const [was, is] = [new Set(keys(before)), new Set(keys(now))]
  return [
    ...differ.map(
      (field) => `${field} was ${JSON.stringify(before[field])}, is ${JSON.stringify(now[field])}`,
    ),
    ...now.removes
      .filter((one) => !was.has(digestOf(one)))
      .map(({ path }) => `${path} would go, and was not planned so`),
    ...before.removes
      .filter((one) => !is.has(digestOf(one)))
      .map(({ path }) => `${path} is no longer there as planned`),
  ].slice(0, 100)
}
