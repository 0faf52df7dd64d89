import type { Home } from '../../app/open-home.ts'
import { installModule, loadCandidate } from '../../custom/install-module.ts'
import type { LoadedModule } from '../../custom/load-module.ts'
import { checkOpenRuns, type OpenRun } from '../../engine/check-upgradable.ts'

/**
 * Checks whether the installed machines can continue every open run. `runs` is what `--json` prints; `notContinued` is the number of
 * runs for which no installed machine was found that can. With `loadChanged` the check loads modules of users that changed and name an upgrade.
 * With `file` it checks the open runs of that module's machine, as if the module were installed.
 * @throws CONFIG_INVALID; MACHINE_NOT_FOUND, INPUT_REFUSED when the file can't be used as a machine
 */
export async function checkMachines(
  home: Home,
  { loadChanged, file }: { loadChanged: boolean; file?: string | undefined },
): Promise<{ runs: OpenRun[]; notContinued: number }> {
  const runs =
    file === undefined
      ? await checkOpenRuns((await home.app()).deps, loadChanged)
      : await checkCandidate(
          home,
          await loadCandidate(file, { home: home.folder, config: await home.config() }, home.cwd),
        )
  const notContinued = runs.filter(({ verdict }) => verdict === 'stranded' || verdict === 'untried').length
  return { runs, notContinued }
}

/** Checks whether a module could continue the open runs of its machine, before it takes the place of the installed one. */
export async function checkCandidate(home: Home, module: LoadedModule): Promise<OpenRun[]> {
  const { deps, store } = await home.app()
  return checkOpenRuns(deps, false, installModule(module, store))
}
