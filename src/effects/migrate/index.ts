import { resolve } from 'node:path'
import type { Effect } from '../../domain/effect.ts'
import type { Json } from '../../domain/json.ts'
import type { MigrateDeps } from './deps.ts'
import { applyMigration } from './phases/apply-migration.ts'
import { backup } from './phases/backup.ts'
import { bundlePin } from './phases/bundle-pin.ts'
import { closeout } from './phases/closeout.ts'
import { preflight } from './phases/preflight.ts'
import { recheckMigration } from './phases/recheck-migration.ts'
import { recheckRollback } from './phases/recheck-rollback.ts'
import { refreshBackup } from './phases/refresh-backup.ts'
import { rehearse } from './phases/rehearse.ts'
import { restoreTest } from './phases/restore-test.ts'
import { rollBack } from './phases/roll-back.ts'
import { secondBackup } from './phases/second-backup.ts'
import { serverIdentify } from './phases/server-identify.ts'
import { statementsAlone } from './phases/statements-alone.ts'
import { statementsBefore } from './phases/statements-before.ts'
import { verifyMigration } from './phases/verify-migration.ts'
import { assertNoBundleFaults } from './read-migration-bundle.ts'

/** Makes the effects of a migration, by the names that the machine invokes. */
export function migrateEffects(deps: MigrateDeps): Record<string, Effect> {
  const effects = [
    bundlePin(deps),
    serverIdentify(deps),
    backup(deps),
    restoreTest(deps),
    rehearse(deps),
    preflight(deps),
    recheckMigration(deps),
    refreshBackup(deps),
    statementsBefore(deps),
    applyMigration(deps),
    statementsAlone(deps),
    verifyMigration(deps),
    secondBackup(deps),
    recheckRollback(deps),
    rollBack(deps),
    closeout(deps),
  ]
  return Object.fromEntries(effects.map((effect) => [effect.name, { ...effect, quotesSql: true as const }]))
}

/**
 * Checks and completes the input of a migration before a run exists: the migration bundle has no faults, the target is known.
 * @throws INPUT_REFUSED when the bundle has faults, TARGET_NOT_FOUND when the target is unknown
 */
export async function admitMigrate(
  deps: MigrateDeps,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  const folder = resolve(input.bundle as string)
  await assertNoBundleFaults(deps, folder)
  // Opening the embedded target would start its server. A configured target is only checked.
  if (input.target !== 'embedded') {
    await deps.openDatabase(input.target as string)
    await deps.openReader(input.target as string)
  }
  return { ...input, bundle: folder }
}
