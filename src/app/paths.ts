import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

let root: string | null = null

/** The folder of our package.json: above src in tests, above dist when built. */
export function packageRoot(): string {
  if (root !== null) return root
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  root = folder
  return folder
}

export const migrationsDirectory = (of: 'store/sqlite' | 'target') => join(packageRoot(), 'migrations', of)

/** The built thread that saves steps (src/store/sqlite/writer-thread.ts). */
export const writerThread = () => join(packageRoot(), 'dist', 'writer-thread.cjs')
