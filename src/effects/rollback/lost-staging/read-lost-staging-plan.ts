import { posix } from 'node:path'
import type { EffectContext } from '../../../domain/effect.ts'
import type { DeployPaths } from '../../deploy/paths.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { LostStagingPlan } from './plan.ts'

/** The plan for the staging folder of a lost home, by its digest; null for a plan that takes a deploy back. */
export async function readLostStagingPlan(
  context: Pick<EffectContext, 'evidence'>,
  digest: string,
): Promise<LostStagingPlan | null> {
  const plan = await readJsonEvidence<LostStagingPlan>(context, digest)
  return plan.type === 'cutter.plan.rollback-staging/v1' ? plan : null
}

/** The paths that the anchors cover: everything next to the staging folder but what this run makes and removes. */
export function placeOfLostStaging({ staging, keep }: LostStagingPlan): DeployPaths {
  const ours = [staging, ...(keep === null ? [] : [keep])].map((path) => posix.basename(path))
  const parent = posix.dirname(staging)
  return { strategy: 'side-by-side', parent, target: staging, staging, ours, previous: [], pointer: null }
}
