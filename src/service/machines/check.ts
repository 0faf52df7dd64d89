import type { Home } from '../../app/open-home.ts'
import { checkOpenRuns, type OpenRun } from '../../engine/check-upgradable.ts'

/**
 * Checks whether the installed machines can continue every open run. `runs` is what `--json` prints; `stranded` is the number of
 * runs that no installed machine can continue.
 * @throws CONFIG_INVALID
 */
export async function checkMachines(home: Home): Promise<{ runs: OpenRun[]; stranded: number }> {
  const runs = await checkOpenRuns((await home.app()).deps)
  return { runs, stranded: runs.filter(({ verdict }) => verdict === 'stranded').length }
}
