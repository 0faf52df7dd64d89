import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { assertNoBundleFaults } from '../../effects/migrate/read-migration-bundle.ts'
import { lintMigrationBundle } from '../../migration/lint-migration-bundle.ts'
import { mergeBundles } from '../../migration/merge-bundles.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import { readMigrationFolder } from '../../targets/system/migration-folder.ts'
import { assertEmptyFolder, makeOutputFolder, outputPath } from '../write-output.ts'
import { migrationName } from './new.ts'

/** What `migrate merge --json` prints. */
export interface MergedMigrations {
  /** The folder, as an absolute path. */
  bundle: string
  /** The names of the bundles, in their order. */
  series: string[]
}

/**
 * Makes one bundle of several, in a folder that is new or empty, so that they are approved as one plan and, where no statement runs outside of a transaction, committed together.
 * @throws INPUT_REFUSED when a bundle has faults
 */
export async function mergeMigrations(
  home: Pick<Home, 'cwd' | 'folder' | 'config'>,
  given: { folders: string[]; into: string },
): Promise<MergedMigrations> {
  const into = await outputPath(home, given.into)
  assertEmptyFolder(into)
  const bundles: MigrationBundle[] = []
  for (const folder of given.folders.map((one) => resolve(home.cwd, one))) {
    await assertNoBundleFaults({ readMigrationFolder }, folder)
    const { bundle } = await lintMigrationBundle(await readMigrationFolder(folder))
    bundles.push(bundle!)
  }
  const files = mergeBundles(migrationName(into), bundles)
  makeOutputFolder(into)
  for (const [file, text] of Object.entries(files)) writeFileSync(join(into, file), text, { flag: 'wx' })
  return { bundle: into, series: bundles.map(({ spec }) => spec.name) }
}
