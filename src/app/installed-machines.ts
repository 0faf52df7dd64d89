import { type BuiltinDeps, findBuiltin, MACHINE_NAMES } from '../builtin/registry.ts'
import { assertKnownGates } from '../config/gate-policy.ts'
import type { Config } from '../config/load-config.ts'
import type { LoadedModule } from '../custom/load-module.ts'
import type { Run } from '../domain/run.ts'
import type { InstalledMachine } from '../engine/engine-deps.ts'
import { withWayOut } from '../engine/way-out.ts'
import type { RunStore } from '../store/run-store.ts'

/** The machines of one home. Each is loaded when it is first asked for. */
interface InstalledMachines {
  /**
   * Returns a machine by its name: one that ships, else a custom one. A custom one that is not loaded yet must be as `run` recorded it, or,
   * with `acceptsUpgrade`, name an upgrade of the run.
   * @throws MACHINE_NOT_FOUND, MACHINE_CHANGED, INPUT_REFUSED when its module can't be used, CONFIG_INVALID when a policy is for a gate
   * that it lacks
   */
  find(name: string, run: Run | null, acceptsUpgrade?: boolean): Promise<InstalledMachine>
  /** Installs a custom machine as it was just loaded, whatever is registered or remembered under its name. */
  use(loaded: LoadedModule): Promise<void>
  /**
   * Checks the gate policies of another config against the gates of the machines that are loaded.
   * @throws CONFIG_INVALID
   */
  checkGates(config: Config): Promise<void>
}

type MachineDeps = BuiltinDeps & { config: Config; store: RunStore }

/**
 * Creates the registry of a home's machines. `find` loads a machine with its effects at the first request, and checks the gate policies of
 * `cutter.yaml` against its gates. Later requests get the same machine, unless it could not be loaded.
 */
export function installedMachines(deps: MachineDeps): InstalledMachines {
  const machines = new Map<string, Promise<InstalledMachine>>()
  return {
    find(name, run, acceptsUpgrade = false) {
      const found =
        machines.get(name) ??
        install(name, run, deps, acceptsUpgrade).then((machine) => checkPolicies(deps, machine))
      machines.set(name, found)
      // Another run may have recorded the source that is there.
      found.catch(() => machines.get(name) === found && machines.delete(name))
      return run === null ? found : withWayOut(deps, run, () => found)
    },
    async use(loaded) {
      const { installModule } = await import('../custom/install-module.ts')
      machines.set(loaded.machine.name, checkPolicies(deps, installModule(loaded, deps.store)))
    },
    async checkGates(config) {
      for (const loaded of await Promise.allSettled(machines.values()))
        if (loaded.status === 'fulfilled') await checkPolicies({ ...deps, config }, loaded.value)
    },
  }
}

async function install(
  name: string,
  run: Run | null,
  deps: MachineDeps,
  acceptsUpgrade: boolean,
): Promise<InstalledMachine> {
  const builtin = await findBuiltin(name)
  if (builtin !== null) return builtin.install(deps)
  const { installModule, loadModuleByName } = await import('../custom/install-module.ts')
  return installModule(await loadModuleByName(name, run, deps, deps.store, acceptsUpgrade), deps.store)
}

async function checkPolicies(
  { config, store }: MachineDeps,
  installed: InstalledMachine,
): Promise<InstalledMachine> {
  const remembered = (await store.machineModules()).map(({ name }) => name)
  const known = [...MACHINE_NAMES, ...Object.keys(config.machines), ...remembered]
  assertKnownGates(config, installed.machine, known)
  return installed
}
