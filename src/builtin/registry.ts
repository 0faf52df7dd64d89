import type { AdoptAppDeps } from './adopt.ts'
import type { BuiltinMachine } from './builtin-machine.ts'
import { BUILT_DIGESTS } from './code-digests.ts'
import type { CutAppDeps } from './cut.ts'
import type { DeployAppDeps } from './deploy.ts'
import type { MigrateAppDeps } from './migrate.ts'
import type { RollbackAppDeps } from './rollback.ts'
import type { TeardownAppDeps } from './teardown.ts'

/** What the machines that ship need of the app, all together. */
export type BuiltinDeps = AdoptAppDeps &
  CutAppDeps &
  DeployAppDeps &
  MigrateAppDeps &
  RollbackAppDeps &
  TeardownAppDeps

/**
 * The machines that ship. This is the only list of them: the build, the command line, its help, the tests and the generated
 * documentation read it. Asking for a name loads no machine.
 */
const LOADERS: { [name: string]: () => Promise<BuiltinMachine<BuiltinDeps>> } = {
  cut: async () => (await import('./cut.ts')).cut,
  deploy: async () => (await import('./deploy.ts')).deploy,
  migrate: async () => (await import('./migrate.ts')).migrate,
  rollback: async () => (await import('./rollback.ts')).rollback,
  teardown: async () => (await import('./teardown.ts')).teardown,
  adopt: async () => (await import('./adopt.ts')).adopt,
}

/** The names of the machines that ship. */
export const MACHINE_NAMES = Object.keys(LOADERS)

/** Loads a machine that ships. Null for any other name. */
export async function findBuiltin(name: string): Promise<BuiltinMachine<BuiltinDeps> | null> {
  return Object.hasOwn(LOADERS, name) ? LOADERS[name]!() : null
}

/** Loads all machines that ship. */
export const loadBuiltins = (): Promise<BuiltinMachine<BuiltinDeps>[]> =>
  Promise.all(Object.values(LOADERS).map((load) => load()))

/** Tells whether a run is of a machine that ships, under the very definition of this build. */
export const isOfThisBuild = (run: { machine: string; definitionDigest: string }) =>
  BUILT_DIGESTS[run.machine] === run.definitionDigest
