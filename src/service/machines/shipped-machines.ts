import { findBuiltin } from '../../builtin/registry.ts'
import { type InputField, inputFields } from '../runs/input-fields.ts'

/** The names of the machines that ship, for the help of doors. */
export { MACHINE_NAMES } from '../../builtin/registry.ts'

/** A machine that ships, with the fields of its input and a command line that starts it. */
export interface ShippedMachine {
  given: string
  fields: InputField[]
  example: string
}

/** Finds a machine that ships, by its name. Null for every other name. Opens no home. */
export async function findShippedMachine(name: string): Promise<ShippedMachine | null> {
  const found = await findBuiltin(name)
  return found === null
    ? null
    : { given: name, fields: inputFields(found.definition), example: found.example }
}
