import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { scaffoldMigrationBundle } from '../../migration/scaffold-migration-bundle.ts'
import { assertEmptyFolder, makeOutputFolder, outputPath } from '../write-output.ts'

/** What `migrate new --json` prints. */
export interface CreatedMigration {
  /** The folder, as an absolute path. */
  bundle: string
  files: string[]
}

/**
 * Makes a migration bundle to fill in, in a folder that is new or empty.
 * @throws INPUT_REFUSED when the folder is not empty or can't be used
 */
export async function createMigration(
  home: Pick<Home, 'cwd' | 'folder' | 'config'>,
  { folder: given }: { folder: string },
): Promise<CreatedMigration> {
  const folder = await outputPath(home, given)
  const files = scaffoldMigrationBundle(migrationName(folder))
  assertEmptyFolder(folder)
  makeOutputFolder(folder)
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text, { flag: 'wx' })
  return { bundle: folder, files: Object.keys(files) }
}

/** The folder's name with the letters that a migration's name may have; 63 characters at most. */
export function migrationName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
  return name === '' ? 'migration' : name.slice(0, 63)
}
