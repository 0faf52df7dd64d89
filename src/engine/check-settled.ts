import { findUnsettledWrites } from '../domain/begun-writes.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import type { EngineDeps } from './engine-deps.ts'

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

/** The command that closes a run whose writes nobody can settle. */
export const lastWayOut = (runId: string) =>
  `cutter run abandon ${runId} --as <principal> --key <file> --reason "…"`

/** EVENT_REFUSED for a run that cannot be closed, because nobody knows whether a write that it began was committed. */
export function unsettledError({ runId }: Run, write: string): CutterError {
  return new CutterError(
    'EVENT_REFUSED',
    `run ${runId} has begun the write ${write}, and nobody knows whether it was committed; the run cannot be closed before the target has answered; nothing was closed`,
    {
      next: `cutter run resume ${runId} asks the target again; if it will never answer: ${lastWayOut(runId)}`,
      data: { runId, write },
    },
  )
}
