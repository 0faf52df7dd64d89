import { createJiti, type Jiti } from 'jiti'
import { xstate, zod } from '../machine/runtime-packages.ts'
import * as cutter from './sdk.ts'

/** What a module gets from Cutter itself. */
export const OURS = { cutter, xstate, zod }

/** Creates a loader of a user's own files. TypeScript is stripped, not checked. */
export const createLoader = (path: string): Jiti =>
  // Every option is set, because none may come from the environment. No cache on disk, so that the digested code is what runs.
  createJiti(path, {
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
  })
