import { findUnsettledWrites } from '../domain/begun-writes.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import type { EngineDeps } from './engine-deps.ts'
import { abandonHint } from './way-out.ts'

/**
 * Checks that a step does not close a live run while a write that it began is not settled: the closeout would claim more than is known.
 * @throws EVENT_REFUSED, before anything is saved
 */
export async function assertSettledBeforeClose(
  { store }: Pick<EngineDeps, 'store'>,
  step: Step,
): Promise<void> {
  const { run, entry } = step
  if (run.status !== 'closed' || run.mode !== 'live') return
  const [left] = findUnsettledWrites([...(await store.history(run.runId)), entry])
  if (left !== undefined) throw unsettledError(run, left.effect)
}

/**
 * EVENT_REFUSED for a run that cannot be closed, because nobody knows whether a write that it began was committed. Without its machine
 * (`isOrphaned`) nobody can ask the target either.
 */
export function unsettledError(run: Run, write: string, options: { isOrphaned?: boolean } = {}): CutterError {
  const { runId } = run
  return new CutterError(
    'EVENT_REFUSED',
    `run ${runId} has begun the write ${write}, and nobody knows whether it was committed; the run cannot be closed before the target has answered; nothing was closed`,
    {
      next: settleHint(run, options),
      data: { runId, write },
    },
  )
}

/** What is left to do for a run with a write of which nobody knows whether it was committed. */
export function settleHint({ runId }: Pick<Run, 'runId'>, { isOrphaned = false } = {}): string {
  const resume = `cutter run resume ${runId}`
  const ask = isOrphaned ? `install its machine again, then: ${resume}` : `${resume} asks the target again`
  return `${ask}; if it will never answer: ${abandonHint(runId)}`
}
