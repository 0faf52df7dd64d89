import { CutterError, Stop } from '../../domain/errors.ts'
import { shellQuote } from '../../domain/shell-quote.ts'
import { lintMigrationBundle } from '../../migration/lint-migration-bundle.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { MigrationBundleFault } from '../../migration/migration-bundle-spec.ts'
import type { MigrateDeps } from './deps.ts'

type Deps = Pick<MigrateDeps, 'readMigrationFolder'>

/**
 * Reads and lints the migration bundle of a folder.
 * @throws STOP_REFUSED_INPUT when it has faults
 */
export async function readMigrationBundle(deps: Deps, folder: string): Promise<MigrationBundle> {
  const { faults, bundle } = await lintMigrationBundle(await deps.readMigrationFolder(folder))
  if (bundle !== null) return bundle
  throw new Stop('STOP_REFUSED_INPUT', faultsMessage(folder, faults), {
    next: `fix the faults, then check again with: cutter migrate lint ${shellQuote(folder)}`,
  })
}

/**
 * Refuses a migration bundle before a run exists.
 * @throws INPUT_REFUSED when it has faults
 */
export async function assertNoBundleFaults(deps: Deps, folder: string): Promise<void> {
  const { faults } = await lintMigrationBundle(await deps.readMigrationFolder(folder))
  if (faults.length === 0) return
  throw new CutterError('INPUT_REFUSED', faultsMessage(folder, faults), {
    next: `cutter migrate lint ${shellQuote(folder)}`,
  })
}

/**
 * The pinned bytes are what would be applied. A folder that holds other bytes shows that somebody means another migration.
 * @throws STOP_SOURCE_CHANGED when a file differs
 */
export function assertSameBundle(pinned: MigrationBundle, found: MigrationBundle): void {
  const names = [...new Set([...Object.keys(pinned.digests), ...Object.keys(found.digests)])]
  const other = names.filter((name) => pinned.digests[name] !== found.digests[name])
  if (other.length === 0) return
  throw new Stop(
    'STOP_SOURCE_CHANGED',
    `the folder of the migration bundle no longer holds what was planned: ${other.join(', ')}; nothing was changed`,
    {
      next: 'restore the files and resume with the same approval, or cancel this run and start another',
    },
  )
}

/** Says what is wrong with a migration bundle, the first five faults. */
export function faultsMessage(folder: string, faults: MigrationBundleFault[]): string {
  const lines = faults
    .slice(0, 5)
    .map(({ file, line, message }) => `${file}${line === undefined ? '' : `:${line}`}: ${message}`)
  return `the migration bundle ${folder} has faults: ${lines.join('; ')}; nothing was changed`
}
