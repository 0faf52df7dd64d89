import type { Home } from '../../app/open-home.ts'
import { MACHINE_NAMES } from '../../builtin/registry.ts'
import type { InputField } from '../runs/input-fields.ts'
import { findStartMachine } from '../runs/start-machine.ts'
import { type ListedMachine, listMachines } from './list.ts'

/** A machine with the fields of its input, which are empty where it can't be started by its name. */
export interface MachineInput extends Pick<ListedMachine, 'name' | 'version' | 'gates' | 'error'> {
  input: InputField[]
}

/**
 * Lists the machines with what a start takes.
 * @throws ACCESS_REFUSED, CONFIG_INVALID
 */
export async function listMachineInputs(home: Home): Promise<MachineInput[]> {
  const listed = await listMachines(home)
  const { machines } = await home.config()
  const named = new Set<string>([...MACHINE_NAMES, ...Object.keys(machines)])
  const described: MachineInput[] = []
  for (const { name, version, gates, error } of listed) {
    const isNamed = error === undefined && named.has(name)
    const input = isNamed ? (await findStartMachine(home, name)).fields : []
    described.push({ name, version, gates, ...(error === undefined ? {} : { error }), input })
  }
  return described
}
