import type { Home } from '../../app/open-home.ts'
import { findBuiltin } from '../../builtin/registry.ts'
import { loadModuleByReference } from '../../custom/install-module.ts'
import type { LoadedModule } from '../../custom/load-module.ts'
import { kebabCase } from '../kebab-case.ts'
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
 * Finds the machine that a run is started with, and the fields of its input. Opens no store.
 * @throws MACHINE_NOT_FOUND when it is neither a shipped machine, nor a name in cutter.yaml, nor the path of a module
 * @throws INPUT_REFUSED when the module can't be used as a machine
 */
export async function findStartMachine(home: Home, given: string): Promise<StartMachine> {
  const builtin = await findBuiltin(given)
  if (builtin !== null) {
    const fields = inputFields(builtin.definition)
    return { name: given, given, fields, example: builtin.example, module: null }
  }
  const place = { home: home.folder, config: await home.config() }
  const module = await loadModuleByReference(given, place, home.cwd)
  const fields = inputFields(module.machine)
  return { name: module.machine.name, given, fields, example: exampleOf(given, fields), module }
}

/** Names the required fields. */
function exampleOf(given: string, fields: InputField[]): string {
  const flags = fields
    .filter(({ required }) => required)
    .map(({ name, kind }) => ` --${kebabCase(name)}${kind === 'boolean' ? '' : ' …'}`)
  return `cutter run start ${given}${flags.join('')}`
}
