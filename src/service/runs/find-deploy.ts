import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { readAdopted } from '../../effects/deploy/adopted-release.ts'
import { isInScope } from '../access/scope.ts'
import { findRunId } from './find-run.ts'

/** Adoptions that are looked through at most, the newest first. */
const MAX_SEARCHED = 1_000

/**
 * Finds the run by which this home knows a deploy: the deploy itself, or the adoption of one that another home made. A text that no run of
 * this home has is compared with the ids of adopted deploys: the id itself, a prefix or a suffix.
 * @throws what `findRunId` throws
 */
export async function findDeployId(
  home: Pick<Home, 'store' | 'folder' | 'caller'>,
  text: string,
): Promise<string> {
  try {
    return await findRunId(home, text)
  } catch (error) {
    if (!(error instanceof CutterError) || error.code !== 'RUN_NOT_FOUND' || text === '') throw error
    const runs = await home.store.list({ machine: 'adopt', status: 'closed', limit: MAX_SEARCHED })
    const fits = runs.filter((run) => {
      const id = deployOf(run) ?? ''
      return isInScope(home, run) && (id.startsWith(text) || id.endsWith(text))
    })
    const [newest] = fits
    if (newest === undefined) throw error
    const ids = new Set(fits.map(deployOf))
    if (ids.size === 1) return newest.runId
    throw new CutterError(
      'USAGE',
      `${text} could be several adopted deploys: ${[...ids].slice(0, 5).join(', ')}`,
      {
        next: 'give more of the id',
      },
    )
  }
}

/** The deploy that a run adopted, on whatever hosts. */
const deployOf = (run: Parameters<typeof readAdopted>[0]): string | undefined => readAdopted(run)[0]?.run
