import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { packageRoot } from '../../app/package-paths.ts'
import type { TypesFolders } from './scaffold-machine.ts'

/** Finds the types of the packages that a user's module imports, as this Cutter has them. */
export const findTypesFolders = (): TypesFolders => ({
  cutter: join(packageRoot(), 'dist', 'types'),
  zod: packageFolder('zod'),
  xstate: packageFolder('xstate'),
  types: packageFolder('@types'),
})

/** The folder of a package that Cutter has, as Node finds it: in the nearest `node_modules` upward. */
function packageFolder(name: string): string {
  for (let folder = packageRoot(); ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name)
    if (existsSync(found) || folder === dirname(folder)) return found
  }
}
