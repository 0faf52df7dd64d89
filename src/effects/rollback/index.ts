import type { Effect } from '../../domain/effect.ts'
import type { Json } from '../../domain/json.ts'
import { rollbackCloseout } from './closeout.ts'
import { deployedBy, type RollbackWorld } from './deployed.ts'
import { findDeployed } from './find.ts'
import { takeBack } from './take-back.ts'

export type { RollbackWorld } from './deployed.ts'

export function rollbackEffects(world: RollbackWorld): Record<string, Effect> {
  const effects = [
    findDeployed(world, 'find_deployed'),
    findDeployed(world, 'recheck_deployed'),
    takeBack(world),
    rollbackCloseout(world),
  ]
  return Object.fromEntries(effects.map((effect) => [effect.name, effect as unknown as Effect]))
}

/** Refuses, before there is a run, what can't be taken back by one. */
export async function admitRollback(
  world: RollbackWorld,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  deployedBy(await world.run(input.run as string))
  return input
}
