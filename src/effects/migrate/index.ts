import { resolve } from 'node:path'
import type { Effect } from '../../domain/effect.ts'
import type { Json } from '../../domain/json.ts'
import { lintBundle } from '../../migration/lint.ts'
import { applyMigration } from './apply-migration.ts'
import { backup, refreshBackup, restoreTest, secondBackup } from './backup.ts'
import { bundlePin, refuseFaults } from './bundle-pin.ts'
import { closeout } from './closeout.ts'
import { preflight } from './preflight.ts'
import { recheckMigration, recheckRollback } from './recheck.ts'
import { rehearse } from './rehearse.ts'
import { rollBack } from './roll-back.ts'
import { serverIdentify } from './server-identify.ts'
import { statementsAlone } from './statements-alone.ts'
import { verifyMigration } from './verify-migration.ts'
import type { MigrateWorld } from './world.ts'

export type { MigrateWorld } from './world.ts'

/** The effects of a migration, by the names that the machine invokes. */
export function migrateEffects(world: MigrateWorld): Record<string, Effect> {
  const effects = [
    bundlePin(world),
    serverIdentify(world),
    backup(world),
    restoreTest(world),
    rehearse(world),
    preflight(world),
    recheckMigration(world),
    refreshBackup(world),
    applyMigration(world),
    statementsAlone(world),
    verifyMigration(world),
    secondBackup(world),
    recheckRollback(world),
    rollBack(world),
    closeout(world),
  ]
  return Object.fromEntries(effects.map((effect) => [effect.name, effect as unknown as Effect]))
}

/** Settles what a migration is started with: a bundle without faults, a target that is known. */
export async function admitMigrate(
  world: MigrateWorld,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  const folder = resolve(input.bundle as string)
  const { faults } = await lintBundle(await world.readBundle(folder))
  refuseFaults(folder, faults)
  // Opening the embedded target would start its server; a configured one is only looked up.
  if (input.target !== 'embedded') await world.database(input.target as string)
  return { ...input, bundle: folder }
}
