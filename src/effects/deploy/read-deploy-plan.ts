import type { EffectContext } from '../../domain/effect.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import { WATCHED_PARTS } from './compare-anchors.ts'
import type { DeployPlan } from './plan.ts'

/** A plan as it was stored. Plans of v1 do not hold everything. */
type StoredPlan = Omit<DeployPlan, 'activation' | 'old' | 'changes' | 'checks'> & {
  changes?: DeployPlan['changes']
  old?: DeployPlan['old']
  activation?: DeployPlan['activation']
  checks: Omit<DeployPlan['checks'], Later> & Partial<Pick<DeployPlan['checks'], Later>>
}

type Later = 'mutable' | 'shared' | 'watch'

/** The plan of a deploy, by its digest. What plans of v1 do not hold is added: they watched every part. */
export async function readDeployPlan(
  context: Pick<EffectContext, 'evidence'>,
  digest: string,
): Promise<DeployPlan> {
  const {
    activation = null,
    old = [],
    changes = null,
    checks,
    ...plan
  } = await readJsonEvidence<StoredPlan>(context, digest)
  const { mutable = [], shared = [], watch = watchedBefore(checks) } = checks
  return { ...plan, activation, old, changes, checks: { ...checks, mutable, shared, watch } }
}

const watchedBefore = ({ tolerate }: Pick<DeployPlan['checks'], 'tolerate'>) =>
  WATCHED_PARTS.filter((part) => !tolerate.includes(part))
