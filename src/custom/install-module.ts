import { existsSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { MACHINE_NAMES } from '../builtin/registry.ts'
import type { Config } from '../config/load-config.ts'
import { findOutputFolder } from '../config/output-folder.ts'
import { CutterError } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import { isModulePath } from '../domain/module-files.ts'
import { findModuleSource } from '../domain/recorded-source.ts'
import type { Run } from '../domain/run.ts'
import type { InstalledMachine } from '../engine/engine-deps.ts'
import { findStartFault } from '../machine/validate-chart.ts'
import type { RunStore } from '../store/run-store.ts'
import type { RecordedSource } from './assert-same-source.ts'
import { type LoadedModule, type LoadOptions, loadModule } from './load-module.ts'
import { isUploadedModule } from './uploaded-modules.ts'

/** Finds users' own machines: by a path, by a name in cutter.yaml, or, for a run, by the path that the store remembers. */

interface Place {
  home: string
  config: Pick<Config, 'machines' | 'approvals' | 'output' | 'allowUploadedMachines'>
}

/**
 * Loads the module that `run start` names, by a path or by a name in cutter.yaml. With `recorded`, its source must be that one.
 * @throws MACHINE_NOT_FOUND when there is none, INPUT_REFUSED when it is not a machine or when its name belongs to another module,
 * FILES_UNSAFE when others may write it. With `approvals.strict: owner` a path is refused before anything of it is read.
 */
export async function loadModuleByReference(
  text: string,
  { home, config }: Place,
  cwd: string,
  recorded: RecordedSource | null = null,
): Promise<LoadedModule> {
  if (Object.hasOwn(config.machines, text)) return registered(text, { home, config }, recorded)
  if (isModulePath(text)) {
    assertPathsLoad(config, `the module ${text}`)
    return asRegistered(
      await loadModule(resolve(cwd, text), { recorded, keptIn: keptIn({ home, config }) }),
      { home, config },
    )
  }
  throw notFound(text, config)
}

/**
 * Loads a module that is tested or checked, and not used: it may have the name of another one. A path names it, or a name in cutter.yaml.
 * @throws as `loadModuleByReference`
 */
export async function loadCandidate(
  text: string,
  { home, config }: Place,
  cwd: string,
): Promise<LoadedModule> {
  if (Object.hasOwn(config.machines, text)) return registered(text, { home, config })
  assertPathsLoad(config, `the module ${text}`)
  return loadModule(resolve(cwd, text))
}

/**
 * Loads the module of a machine by name: from its path in cutter.yaml, else from where it was first started. With a run, its source must
 * be the one that the run recorded, or, with `acceptsUpgrade`, name an upgrade of it. With `approvals.strict: owner` only the path in cutter.yaml counts, because a store that was restored
 * can remember any other.
 * @throws MACHINE_NOT_FOUND when it is not there; MACHINE_CHANGED, INPUT_REFUSED and FILES_UNSAFE as `loadModule`.
 */
export async function loadModuleByName(
  name: string,
  run: Run | null,
  { home, config }: Place,
  store: RunStore,
  acceptsUpgrade: boolean,
): Promise<LoadedModule> {
  const recorded = run === null ? null : await findRecordedSource(store, run, acceptsUpgrade)
  if (Object.hasOwn(config.machines, name)) return registered(name, { home, config }, recorded)
  const place = await store.machineModule(name)
  if (place === null) throw notFound(name, config)
  assertPathsLoad(config, `machine ${name}, which the store remembers as ${place.path},`)
  assertUploadsLoad(home, config, name, place.path)
  if (existsSync(place.path)) return named(name, place.path, { recorded, keptIn: keptIn({ home, config }) })
  throw new CutterError(
    'MACHINE_NOT_FOUND',
    `the module of machine ${name}, ${place.path}, does not exist any more; nothing was changed`,
    {
      next: `restore it, or set its new path in cutter.yaml (machines: { ${name}: … })`,
      data: { machine: name, path: place.path },
    },
  )
}

/** Finds the source that a run recorded of its machine. Null where an earlier version of Cutter recorded none. */
export async function findRecordedSource(
  store: RunStore,
  run: Run,
  acceptsUpgrade: boolean,
): Promise<RecordedSource | null> {
  const files = findModuleSource(await store.history(run.runId))
  return files === null ? null : { run, files, acceptsUpgrade }
}

/** A module runs with all rights of the process, so an operator may not choose it by a path. */
function assertPathsLoad({ approvals }: Place['config'], what: string): void {
  if (approvals.strict !== 'owner') return
  throw new CutterError(
    'INPUT_REFUSED',
    `${what} is not in cutter.yaml, and approvals.strict is owner: only modules under machines are loaded; it was not read`,
    { next: 'name it in cutter.yaml, and use that name: machines: { <name>: <path> }' },
  )
}

/** What a caller of the service once brought is loaded as long as `cutter.yaml` lets callers bring it. */
function assertUploadsLoad(home: string, config: Place['config'], name: string, path: string): void {
  if (config.allowUploadedMachines || !isUploadedModule(home, path)) return
  throw new CutterError(
    'INPUT_REFUSED',
    `a caller of the service uploaded machine ${name}, and cutter.yaml does not say allowUploadedMachines; it was not read`,
    {
      next: `name its module in cutter.yaml once you have read it: machines: { ${name}: ${path} }, or set allowUploadedMachines: true`,
    },
  )
}

/** Loads a module of cutter.yaml. It can't be one that a command wrote for an operator. */
function registered(
  name: string,
  { home, config }: Place,
  recorded: RecordedSource | null = null,
): Promise<LoadedModule> {
  const file = resolve(home, config.machines[name]!)
  const outputFolder = findOutputFolder({ home, config })
  return named(name, file, { recorded, outputFolder, keptIn: keptIn({ home, config }) })
}

/** Where what the loader makes of modules is kept. Nowhere, if the store may not choose which modules run. */
const keptIn = ({ home, config }: Place) =>
  config.approvals.strict === 'owner' ? null : join(home, 'var', 'modules')

async function named(name: string, file: string, options: LoadOptions): Promise<LoadedModule> {
  const loaded = await loadModule(file, options)
  if (loaded.machine.name === name) return loaded
  throw new CutterError(
    'INPUT_REFUSED',
    `${loaded.path} is registered as machine ${name}, but its name is ${loaded.machine.name}; nothing was changed`,
    { next: 'use the same name in cutter.yaml and in the module' },
  )
}

/** Runs are resumed with the module that cutter.yaml names, so that another module of that name is refused. */
function asRegistered(loaded: LoadedModule, { home, config }: Place): LoadedModule {
  const { name } = loaded.machine
  const registered = Object.hasOwn(config.machines, name) ? resolve(home, config.machines[name]!) : null
  if (registered === null || (existsSync(registered) && realpathSync(registered) === loaded.path))
    return loaded
  throw new CutterError(
    'INPUT_REFUSED',
    `cutter.yaml registers machine ${name} as ${registered}, not as ${loaded.path}; nothing was changed`,
    { next: `cutter run start ${name}, or register the other module, or give it another name` },
  )
}

function notFound(name: string, config: Place['config']): CutterError {
  const own =
    config.approvals.strict === 'owner'
      ? 'cutter.yaml names machines of your own'
      : 'give the path of a module for a machine of your own'
  const known = [...MACHINE_NAMES, ...Object.keys(config.machines)].join(', ')
  return new CutterError('MACHINE_NOT_FOUND', `there is no machine ${name}; nothing was started`, {
    next: `known machines are ${known}; ${own}`,
  })
}

/** Installs a loaded module: its runs are admitted and remembered by the path of the module. */
export function installModule(
  { path, machine, effects, files, source }: LoadedModule,
  store: RunStore,
): InstalledMachine {
  return {
    machine,
    effects,
    files,
    source,
    reference: path,
    admit: async (input) => admitted(machine, input),
    async remember(startedAt) {
      const known = await store.machineModule(machine.name)
      if (known?.path === path) return
      const moved = known !== null && !existsSync(known.path)
      if (await store.rememberModule({ name: machine.name, path, startedAt }, { moved })) return
      throw new CutterError(
        'INPUT_REFUSED',
        `machine ${machine.name} is at ${known?.path} and has open runs, so that ${path} can't replace it; nothing was started`,
        {
          next: `close them first (cutter run list --machine ${machine.name}), or give the machine another name`,
        },
      )
    },
  }
}

/** Checks that a run can be replayed from its input: plain JSON, and a chart whose first state fits the engine. */
function admitted(machine: LoadedModule['machine'], given: { [key: string]: Json }): { [key: string]: Json } {
  const input = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const fault = isDeepStrictEqual(JSON.parse(JSON.stringify(input)), input)
    ? findStartFault(machine, input)
    : 'its input schema gives a value that is not JSON (a date, a map …)'
  if (fault === null) return input
  throw new CutterError(
    'INPUT_REFUSED',
    `machine ${machine.name} can't start: ${fault}; nothing was started`,
    {
      next: 'docs/machines.md shows an example',
    },
  )
}
