import { createJiti, type Jiti } from 'jiti'
import { xstate, zod } from '../machine/runtime-packages.ts'
import { keepTransforms } from './kept-transforms.ts'
import * as cutter from './sdk.ts'

/** What a module gets from Cutter itself. */
export const OURS = { cutter, xstate, zod }

/**
 * Creates a loader of a user's own files. TypeScript is stripped, not checked.
 * @param keptIn where what it makes of them is kept, if anywhere
 */
export function createLoader(path: string, keptIn: string | null = null): Jiti {
  if (keptIn === null) return createJiti(path, OPTIONS)
  const transform = keepTransforms(keptIn, (options) => createJiti(path, OPTIONS).transform(options))
  return createJiti(path, { ...OPTIONS, transform })
}

/** Every option is set, because none may come from the environment. The loader's own cache is off: it does not check who wrote it. */
const OPTIONS = {
  fsCache: false,
  moduleCache: true,
  interopDefault: true,
  alias: {},
  debug: false,
  jsx: false,
  sourceMaps: false,
  tryNative: false,
  tsconfigPaths: false,
  virtualModules: OURS,
}
