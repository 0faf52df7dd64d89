import { findBuiltin, MACHINE_NAMES } from '../../builtin/registry.ts'
import { findHome, readConfig } from '../../config/load-config.ts'
import type { LoadedModule } from '../../custom/load-module.ts'
import type { Mode } from '../../domain/run.ts'
import type { MachineDefinition } from '../../machine/define.ts'
import { exitOfRun } from '../exit-codes.ts'
import { answerRun } from '../io.ts'
import { type CommonOptions, command, holdOf } from '../session.ts'
import { defineStartFlags, readInputFlags } from './input-flags.ts'

interface StartFlags extends CommonOptions {
  mode: Mode
  key?: string
  by?: string
  [input: string]: unknown
}

/** `run start <machine>`: the machine's input schema gives the flags, so they are parsed once the machine is known. */
export async function runStart(given: string, args: string[]): Promise<number> {
  let found: Found
  try {
    found = await machineFor(given, args)
  } catch (error) {
    return command({ json: args.includes('--json'), ...homeOf(args) }, () => Promise.reject(error))
  }
  const { machine, example, module } = found
  const flags = defineStartFlags(machine, given, example).parse(args, { from: 'user' }).opts<StartFlags>()
  // The input is looked at by the engine, which names a key by its path.
  const { json = false, home } = flags
  return command({ json, ...(home === undefined ? {} : { home }) }, async ({ app: opened, io, store }) => {
    const { mode, key, by } = flags
    const app = await opened()
    if (module !== null) await app.useModule(module)
    const run = await app.engine.start(machine.name, readInputFlags(machine, flags), {
      mode,
      ...(key === undefined ? {} : { key }),
      ...(by === undefined ? {} : { by }),
    })
    answerRun(io, run, await holdOf(store, run))
    return exitOfRun(run)
  })
}

interface Found {
  machine: MachineDefinition
  /** Null for a machine of the user's own. */
  example: string | null
  /** Null for a machine that ships. */
  module: LoadedModule | null
}

async function machineFor(given: string, args: string[]): Promise<Found> {
  const builtin = await findBuiltin(given)
  if (builtin !== null) return { machine: builtin.definition, example: builtin.example, module: null }
  const home = findHome(homeOf(args).home, process.env, process.cwd())
  const { loadModuleByReference } = await import('../../custom/install-module.ts')
  const module = await loadModuleByReference(
    given,
    { home, config: await readConfig(home, MACHINE_NAMES) },
    process.cwd(),
  )
  return { machine: module.machine, example: null, module }
}

/** `--home` as it will be parsed, needed before the flags are known. */
function homeOf(args: string[]): { home?: string } {
  for (const [index, arg] of args.entries()) {
    if (arg.startsWith('--home=')) return { home: arg.slice('--home='.length) }
    const next = args[index + 1]
    if (arg === '--home' && next !== undefined) return { home: next }
  }
  return {}
}
