import {
  readTargetSettings,
  readTargetUrl,
  type TargetSettings,
} from '../targets/postgres/configured-target.ts'
import { type MigrationDatabase, openMigrationDatabase } from '../targets/postgres/migration-database.ts'
import { EMBEDDED_TARGET } from '../targets/postgres/rehearsal-server.ts'
import { withSettingsOf } from '../targets/postgres/session-options.ts'
import type { RehearsalServerDeps } from './rehearsal-servers.ts'

/** What the target of a migration is opened with. */
export interface MigrationTargetDeps extends RehearsalServerDeps {
  /** Prepares and opens a target by its name. */
  target(name: string): Promise<unknown>
}

/**
 * A target as the role that migrates. It needs none of Cutter's own tables.
 * @throws TARGET_NOT_FOUND when cutter.yaml has no such target, CONFIG_INVALID when its variable is not set.
 */
export async function openMigrationTarget(
  { config, target, embedded, env }: MigrationTargetDeps,
  name: string,
): Promise<MigrationDatabase> {
  if (name === EMBEDDED_TARGET) {
    await target(EMBEDDED_TARGET)
    const url = await (await embedded()).superuserUrl('cutter')
    return openMigrationDatabase({ name: `target ${name}`, role: 'postgres', url: () => url })
  }
  const settings = readTargetSettings(name, config.targets)
  const role = roleOf(settings)
  const url = () => readTargetUrl(name, settings, role, env)
  // Read once here, so that a missing variable is reported before anything starts.
  url()
  return openMigrationDatabase({ name: `target ${name}`, role, url })
}

/** The login that migrates. */
const roleOf = ({ migratorUrlEnv }: TargetSettings) => (migratorUrlEnv === undefined ? 'owner' : 'migrator')

/**
 * The instance that is restored from a snapshot of a target, by the login of the role that migrates; null where cutter.yaml names none.
 * @throws TARGET_REFUSED when the variable is not set or holds no valid URL
 */
export async function openSnapshotInstance(
  { config, env }: Pick<MigrationTargetDeps, 'config' | 'env'>,
  name: string,
): Promise<MigrationDatabase | null> {
  if (!hasSnapshots({ config }, name)) return null
  const settings = readTargetSettings(name, config.targets)
  const role = roleOf(settings)
  // Its sessions are to have the settings of the target's.
  const url = () =>
    withSettingsOf(readTargetUrl(name, settings, role, env), readTargetUrl(name, settings, 'snapshot', env))
  url()
  return openMigrationDatabase({ name: `restored instance of ${name}`, role: 'migrator', url })
}

/** Whether cutter.yaml accepts snapshots of a target as its backup. */
export const hasSnapshots = ({ config }: Pick<MigrationTargetDeps, 'config'>, name: string): boolean =>
  name !== EMBEDDED_TARGET && readTargetSettings(name, config.targets).snapshotUrlEnv !== undefined

/**
 * A target as the role that only reads, for checks; null where cutter.yaml names none.
 * @throws TARGET_NOT_FOUND when cutter.yaml has no such target
 * @throws TARGET_REFUSED when the variable is not set or holds no valid URL
 */
export async function openCheckReader(
  { config, env }: Pick<MigrationTargetDeps, 'config' | 'env'>,
  name: string,
): Promise<MigrationDatabase | null> {
  if (name === EMBEDDED_TARGET) return null
  const settings = readTargetSettings(name, config.targets)
  if (settings.readerUrlEnv === undefined) return null
  const url = () => readTargetUrl(name, settings, 'reader', env)
  url()
  return openMigrationDatabase({ name: `target ${name}`, role: 'reader', url })
}
