import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CutterError } from '../domain/errors.ts'

let root: string | null = null

/** Returns the folder of Cutter's package.json: above src in tests, above dist when built. */
export const packageRoot = (): string => (root ??= findPackageRoot(dirname(fileURLToPath(import.meta.url))))

/**
 * Finds the folder with a package.json at or above a folder.
 * @throws INTERNAL when there is none, because the program was removed while it works
 */
export function findPackageRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (dirname(folder) === folder) break
  }
  throw new CutterError(
    'INTERNAL',
    `the program of Cutter is no longer in ${from}: it was removed or moved while it works`,
    {
      next: 'install it again, then repeat the command; a run continues with cutter run resume',
    },
  )
}

/** Returns the folder of the SQL migrations of the store or of a target. */
export const migrationsDirectory = (of: 'store/sqlite' | 'store/postgres' | 'target') =>
  join(packageRoot(), 'migrations', of)

/** Returns the path of the built thread that saves steps. */
export const writerThreadFile = () => join(packageRoot(), 'dist', 'writer-thread.cjs')

/** The first line of a `cutter.yaml`, by which editors find its JSON Schema and check the file. */
export const configSchemaComment = () =>
  `# yaml-language-server: $schema=${join(packageRoot(), 'docs', 'schema', 'cutter.schema.json')}`

/** Returns the path of a built file of the page that the service shows. */
export const pageFile = (name: string) => join(packageRoot(), 'dist', 'page', name)
