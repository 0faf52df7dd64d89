import { CutterError } from '../../../domain/errors.ts'
import type { RollbackDeps } from '../deps.ts'

/**
 * A run that this home knows is cancelled or rolled back by its own plan, which knows more than its staging folder.
 * @throws INPUT_REFUSED for such a run
 */
export async function assertUnknownRun(deps: Pick<RollbackDeps, 'run'>, runId: string): Promise<void> {
  try {
    await deps.run(runId)
  } catch (error) {
    if (error instanceof CutterError && error.code === 'RUN_NOT_FOUND') return
    throw error
  }
  throw new CutterError('INPUT_REFUSED', `this home knows run ${runId}; nothing was touched`, {
    next: `cutter run cancel ${runId} --reason … while it is open; cutter run rollback ${runId} once it is closed`,
    data: { runId },
  })
}
