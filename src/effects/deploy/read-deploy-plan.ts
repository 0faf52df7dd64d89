import type { EffectContext } from '../../domain/effect.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import type { DeployPlan } from './plan.ts'

/** A plan as it was stored. Plans of v1 do not hold everything. */
type StoredPlan = Omit<DeployPlan, 'activation' | 'checks'> & {
  activation?: DeployPlan['activation']
  checks: Omit<DeployPlan['checks'], 'mutable' | 'shared'> & { mutable?: string[]; shared?: string[] }
}

/** The plan of a deploy, by its digest. What plans of v1 do not hold is added as empty. */
export async function readDeployPlan(
  context: Pick<EffectContext, 'evidence'>,
  digest: string,
): Promise<DeployPlan> {
  const { activation = null, checks, ...plan } = await readJsonEvidence<StoredPlan>(context, digest)
  const { mutable = [], shared = [] } = checks
  return { ...plan, activation, checks: { ...checks, mutable, shared } }
}
