import type { EffectContext } from '../../domain/effect.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import type { DeployPlan } from './plan.ts'

/** What plans of v1 do not hold. */
type Later = 'activation'

/** The plan of a deploy, by its digest. What plans of v1 do not hold is added as empty. */
export async function readDeployPlan(
  context: Pick<EffectContext, 'evidence'>,
  digest: string,
): Promise<DeployPlan> {
  const plan = await readJsonEvidence<Omit<DeployPlan, Later> & Partial<Pick<DeployPlan, Later>>>(
    context,
    digest,
  )
  return { ...plan, activation: plan.activation ?? null }
}
