import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import type { RecordedSource } from '../../custom/assert-same-source.ts'
import { findRecordedSource, loadModuleByReference } from '../../custom/install-module.ts'
import type { LoadedModule } from '../../custom/load-module.ts'
import { isModulePath } from '../../domain/module-files.ts'
import { pathRefusedError } from '../access/input-files.ts'
import { findUploadedMachine } from '../access/uploaded-machine.ts'
import { kebabCase } from '../kebab-case.ts'
import { findShippedMachine } from '../machines/shipped-machines.ts'
import { type InputField, inputFields } from './input-fields.ts'

/** A machine that can be started, with what a door needs to ask for its input. */
export interface StartMachine {
  name: string
  /** How the machine was given: its name, or the path of its module. */
  given: string
  fields: InputField[]
  /** A command line that starts it. */
  example: string
  /** Null for a machine that ships. */
  module: LoadedModule | null
}

/**
 * Finds the machine that a run is started with, and the fields of its input. Opens no store, unless there is a start key: nothing is started
 * for a key that an open run has, so that a module whose source is not the recorded one is not loaded either.
 * @throws MACHINE_CHANGED when the key belongs to an open run of another source of this module
 * @throws MACHINE_NOT_FOUND when it is neither a shipped machine, nor a name in cutter.yaml, nor the path of a module
 * @throws INPUT_REFUSED when the module can't be used as a machine, or a caller of the service names one that is neither in cutter.yaml nor one that it may bring
 * @throws ACCESS_REFUSED when the caller may bring none
 */
export async function findStartMachine(home: Home, given: string, key?: string): Promise<StartMachine> {
  const shipped = await findShippedMachine(given)
  if (shipped !== null) return { name: given, ...shipped, module: null }
  if (home.isServed && isModulePath(given) && !Object.hasOwn((await home.config()).machines, given))
    throw pathRefusedError('a machine', given)
  const place = { home: home.folder, config: await home.config() }
  const reference = (await findUploadedMachine(home, given)) ?? given
  const recorded = key === undefined ? null : await findSourceByKey(home, reference, key)
  const module = await loadModuleByReference(reference, place, home.cwd, recorded)
  const fields = inputFields(module.machine)
  return { name: module.machine.name, given, fields, example: exampleOf(given, fields), module }
}

/** Finds the source that the open run of a start key recorded. Null when the key is new, or its run is of another module. */
async function findSourceByKey(
  { store, cwd }: Home,
  given: string,
  key: string,
): Promise<RecordedSource | null> {
  const run = await store.runByKey(key)
  if (run === null || run.status === 'closed') return null
  const place = await store.machineModule(run.machine)
  const path = resolve(cwd, given)
  const isItsModule =
    given === run.machine || (place !== null && existsSync(path) && realpathSync(path) === place.path)
  return isItsModule ? findRecordedSource(store, run, false) : null
}

/** Names the required fields. */
function exampleOf(given: string, fields: InputField[]): string {
  const flags = fields
    .filter(({ required }) => required)
    .map(({ name, kind }) => ` --${kebabCase(name)}${kind === 'boolean' ? '' : ' …'}`)
  return `cutter run start ${given}${flags.join('')}`
}
