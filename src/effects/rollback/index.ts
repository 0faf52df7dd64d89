import type { Effect } from '../../domain/effect.ts'
import type { Json } from '../../domain/json.ts'
import { assertRollbackable, type RollbackDeps } from './deps.ts'
import { closeout } from './phases/closeout.ts'
import { findDeployed } from './phases/find-deployed.ts'
import { takeBack } from './phases/take-back.ts'

export type { RollbackDeps } from './deps.ts'

export function rollbackEffects(world: RollbackDeps): Record<string, Effect> {
  const effects = [
    findDeployed(world, 'find_deployed'),
    findDeployed(world, 'recheck_deployed'),
    takeBack(world),
    closeout(world),
  ]
  return Object.fromEntries(effects.map((effect) => [effect.name, effect as unknown as Effect]))
}

/** Refuses, before there is a run, what can't be taken back by one. */
export async function admitRollback(
  world: RollbackDeps,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  assertRollbackable(await world.run(input.run as string))
  return input
}
