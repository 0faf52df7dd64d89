import type { Home } from '../../app/open-home.ts'
import { MACHINE_NAMES } from '../../builtin/registry.ts'
import { isModulePath } from '../../domain/module-files.ts'
import type { InstalledMachine } from '../../engine/engine-deps.ts'
import { pathRefusedError } from '../access/input-files.ts'
import { findListed } from './find-listed.ts'

/** What `machine graph` and `run graph` print with `--json`. */
export interface MachineGraph {
  machine: string
  version: string
  /** The state that is marked in the diagram, or null. */
  state: string | null
  /** A Mermaid state diagram. */
  mermaid: string
}

/**
 * Draws a machine: one that ships, a name in cutter.yaml, or the path of a module.
 * @throws MACHINE_NOT_FOUND, INPUT_REFUSED when the module can't be used as a machine
 */
export async function drawMachine(home: Home, { machine }: { machine: string }): Promise<MachineGraph> {
  return drawMachineDefinition(await findMachine(home, machine), null)
}

/** Draws a machine's definition with one state marked. */
export async function drawMachineDefinition(
  machine: InstalledMachine['machine'],
  state: string | null,
): Promise<MachineGraph> {
  const { mermaid } = await import('../../machine/diagram.ts')
  const { name, version } = machine
  return { machine: name, version, state, mermaid: mermaid(machine, state) }
}

async function findMachine(home: Home, given: string): Promise<InstalledMachine['machine']> {
  const app = await home.app()
  const isInstalled = MACHINE_NAMES.includes(given) || (await app.store.machineModule(given)) !== null
  if (isInstalled) return (await findListed(app, given)).machine
  if (home.isServed && isModulePath(given) && !Object.hasOwn(app.config.machines, given))
    throw pathRefusedError('a machine', given)
  const { loadModuleByReference } = await import('../../custom/install-module.ts')
  return (await loadModuleByReference(given, { home: home.folder, config: app.config }, home.cwd)).machine
}
