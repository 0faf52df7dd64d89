import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

let root: string | null = null

/** Returns the folder of Cutter's package.json: above src in tests, above dist when built. */
export function packageRoot(): string {
  if (root !== null) return root
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  root = folder
  return folder
}

/** Returns the folder of the SQL migrations of the store or of a target. */
export const migrationsDirectory = (of: 'store/sqlite' | 'target') => join(packageRoot(), 'migrations', of)

/** Returns the path of the built thread that saves steps. */
export const writerThreadFile = () => join(packageRoot(), 'dist', 'writer-thread.cjs')

/** The first line of a `cutter.yaml`, by which editors find its JSON Schema and check the file. */
export const configSchemaComment = () =>
  `# yaml-language-server: $schema=${join(packageRoot(), 'docs', 'schema', 'cutter.schema.json')}`

/** Returns the path of a built file of the page that the service shows. */
export const pageFile = (name: string) => join(packageRoot(), 'dist', 'page', name)
