import type { Home } from '../../app/open-home.ts'
import { checkOpenRuns, type OpenRun } from '../../engine/check-upgradable.ts'

/**
 * Checks whether the installed machines can continue every open run. `runs` is what `--json` prints; `notContinued` is the number of
 * runs for which no installed machine was found that can. With `loadChanged` the check loads modules of users that changed and name an upgrade.
 * @throws CONFIG_INVALID
 */
export async function checkMachines(
  home: Home,
  { loadChanged }: { loadChanged: boolean },
): Promise<{ runs: OpenRun[]; notContinued: number }> {
  const runs = await checkOpenRuns((await home.app()).deps, loadChanged)
  const notContinued = runs.filter(({ verdict }) => verdict === 'stranded' || verdict === 'untried').length
  return { runs, notContinued }
}
