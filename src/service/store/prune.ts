import { bundleDeps } from '../../app/closeout-deps.ts'
import type { Home } from '../../app/open-home.ts'
import { assertNoSecretWords } from '../../engine/check-secrets.ts'
import { assertOperator } from '../../engine/operators.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertUnlimited } from '../access/scope.ts'
import { parseDuration } from '../duration.ts'
import { outputPath } from '../write-output.ts'
import { findPrunableRuns, type PruneResult, pruneRunIntoBundle } from './prune-runs.ts'

const MAX_DAYS = 36_500

export interface PruneStoreInput {
  /** Prune runs that closed longer ago than this duration, such as `90d`. */
  olderThan: string
  /** The folder for their evidence bundles. Without it the runs are only listed. */
  into?: string | undefined
  /** Label of the operator. */
  by?: string | undefined
}

export interface PrunedStore {
  /** What `--json` prints. */
  pruned: PruneResult[]
  /** One sentence for each run that can't be trusted, and so stays. */
  warnings: string[]
}

/**
 * Removes closed runs from the store, each after its evidence bundle was written and verified. Their start keys stay used.
 * @throws USAGE when the duration is not valid, OPERATOR_REFUSED, INPUT_REFUSED when a bundle can't be written or does not verify
 */
export async function pruneStore(home: Home, given: PruneStoreInput): Promise<PrunedStore> {
  assertRole(home, 'prune the store')
  assertUnlimited(home, 'prune the store')
  const { store, folder } = home
  const { deps, config } = await home.app()
  assertNoSecretWords(deps, { '--by': given.by })
  const age = parseDuration(given.olderThan, '--older-than', MAX_DAYS)
  const by = assertOperator(deps, given.by)
  const into = given.into === undefined ? null : await outputPath(home, given.into)
  const { runs, faults } = await findPrunableRuns({ store }, new Date(deps.clock.now().getTime() - age))
  const pruned: PruneResult[] = []
  for (const run of runs) {
    if (deps.interrupt.aborted) throw new Error('interrupted')
    const { runId, updatedAt: closedAt } = run
    if (into === null) pruned.push({ runId, closedAt, bundle: null, bundleDigest: null })
    else {
      const closeout = bundleDeps({ home: folder, store, config, interrupt: deps.interrupt })
      pruned.push(await pruneRunIntoBundle(closeout, folder, run, { into, by }))
    }
  }
  return { pruned, warnings: faults }
}
