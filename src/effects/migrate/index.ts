import { resolve } from 'node:path'
import type { Effect } from '../../domain/effect.ts'
import type { Json } from '../../domain/json.ts'
import { lintMigrationBundle } from '../../migration/lint-migration-bundle.ts'
import type { MigrateDeps } from './deps.ts'
import { applyMigration } from './phases/apply-migration.ts'
import { backup, refreshBackup, restoreTest, secondBackup } from './phases/backup.ts'
import { assertNoBundleFaults, bundlePin } from './phases/bundle-pin.ts'
import { closeout } from './phases/closeout.ts'
import { preflight } from './phases/preflight.ts'
import { recheckMigration, recheckRollback } from './phases/recheck-migration.ts'
import { rehearse } from './phases/rehearse.ts'
import { rollBack } from './phases/roll-back.ts'
import { serverIdentify } from './phases/server-identify.ts'
import { statementsAlone } from './phases/statements-alone.ts'
import { verifyMigration } from './phases/verify-migration.ts'

export type { MigrateDeps } from './deps.ts'

/** The effects of a migration, by the names that the machine invokes. */
export function migrateEffects(world: MigrateDeps): Record<string, Effect> {
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
  world: MigrateDeps,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  const folder = resolve(input.bundle as string)
  const { faults } = await lintMigrationBundle(await world.readBundle(folder))
  assertNoBundleFaults(folder, faults)
  // Opening the embedded target would start its server; a configured one is only looked up.
  if (input.target !== 'embedded') await world.database(input.target as string)
  return { ...input, bundle: folder }
}
