import { resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { type LintResult, lintMigrationBundle } from '../../migration/lint-migration-bundle.ts'
import { isOneTransaction, type MigrationBundle } from '../../migration/migration-bundle.ts'
import { readMigrationFolder } from '../../targets/system/migration-folder.ts'
import { runSquawk, type SquawkReport } from '../../targets/system/squawk.ts'
import { openTools } from '../../tools/open-tools.ts'

/** What `migrate lint --json` prints. */
export interface LintedMigration {
  /** The folder, as an absolute path. */
  bundle: string
  ok: boolean
  faults: LintResult['faults']
  statements: MigrationBundle['statements']
  /** What squawk found, which decides nothing; null where there is no bundle to give to it. */
  squawk: SquawkReport | null
}

/**
 * Checks a migration bundle: its shape, its hashes, and its statements with PostgreSQL's own parser. Runs squawk where it is installed.
 * @throws INPUT_REFUSED when the folder can't be read
 */
export async function lintMigration(
  { cwd, interrupt, config }: Pick<Home, 'cwd' | 'interrupt' | 'config'>,
  { folder: given }: { folder: string },
): Promise<LintedMigration> {
  const folder = resolve(cwd, given)
  const { faults, bundle } = await lintMigrationBundle(await readMigrationFolder(folder))
  const report =
    bundle === null
      ? null
      : await runSquawk(
          { folder, file: bundle.spec.migration.file, inTransaction: isOneTransaction(bundle) },
          { tools: openTools((await config()).tools), signal: interrupt },
        )
  return {
    bundle: folder,
    ok: faults.length === 0,
    faults,
    statements: bundle?.statements ?? [],
    squawk: report,
  }
}
