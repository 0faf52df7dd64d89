import type { Effect } from '../../domain/effect.ts'
import type { Json } from '../../domain/json.ts'
import { assertRollbackable } from './assert-rollbackable.ts'
import type { RollbackDeps } from './deps.ts'
import { assertUnknownRun } from './lost-staging/assert-unknown-run.ts'
import { namesLostStaging } from './lost-staging/plan.ts'
import { closeout } from './phases/closeout.ts'
import { findDeployed } from './phases/find-deployed.ts'
import { recheckDeployed } from './phases/recheck-deployed.ts'
import { takeBack } from './phases/take-back.ts'

export type { RollbackDeps } from './deps.ts'

/** The effects of a rollback, by the names that the machine invokes. */
export function rollbackEffects(deps: RollbackDeps): Record<string, Effect> {
  const effects = [findDeployed(deps), recheckDeployed(deps), takeBack(deps), closeout(deps)]
  return Object.fromEntries(effects.map((effect) => [effect.name, effect]))
}

/**
 * Checks, before a run exists, that there is something to roll back.
 * @throws INPUT_REFUSED when there is not.
 */
export async function admitRollback(
  deps: RollbackDeps,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  if (namesLostStaging(input)) await assertUnknownRun(deps, input.run as string)
  else assertRollbackable(await deps.run(input.run as string))
  return input
}
