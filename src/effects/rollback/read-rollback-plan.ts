import type { EffectContext } from '../../domain/effect.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import type { RollbackPlan } from './plan.ts'

/** A plan as it was stored. Plans of v1 do not hold everything. */
type StoredPlan = Omit<RollbackPlan, Later> & Partial<Pick<RollbackPlan, Later>>
type Later = 'back' | 'stays' | 'built' | 'keep'

/** The plan of a rollback, by its digest. What plans of v1 do not hold is added: they removed a tree that nothing came besides to. */
export async function readRollbackPlan(
  context: Pick<EffectContext, 'evidence'>,
  digest: string,
): Promise<RollbackPlan> {
  const {
    back = null,
    stays = false,
    built = [],
    ...plan
  } = await readJsonEvidence<StoredPlan>(context, digest)
  return {
    ...plan,
    back,
    stays,
    built,
    keep: plan.keep ?? `${plan.target}-withdrawn-${plan.ofRun.slice(-8)}`,
  }
}
