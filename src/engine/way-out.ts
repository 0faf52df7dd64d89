import { findUnsettledWrites, mayWrite } from '../domain/begun-writes.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { EngineDeps } from './engine-deps.ts'

/** How a run ends that cannot continue. No text may name a command that would be refused itself. */

/** The command that closes a run whose writes nobody can settle. */
export const abandonHint = (runId: string) =>
  `cutter run abandon ${runId} --as <principal> --key <file> --reason "…"`

/**
 * Finds the effect of a live run that only its machine could settle: a write in flight, or one of which nobody knows whether it was committed.
 * Null when the run can be cancelled without its machine.
 */
export async function findOrphanedWrite(
  { store }: Pick<EngineDeps, 'store'>,
  { runId, mode }: Run,
): Promise<string | null> {
  if (mode !== 'live') return null
  const history = await store.history(runId)
  const effect = (await store.effects(runId)).find((row) => mayWrite(history, row))
  const [write] = findUnsettledWrites(history)
  return effect?.name ?? write?.effect ?? null
}

/**
 * Does a task that needs the machine of a run. A refusal because of the machine also names the command that closes the run without it.
 * @throws what the task throws
 */
export async function withWayOut<Result>(
  deps: Pick<EngineDeps, 'store'>,
  run: Run,
  task: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await task()
  } catch (error) {
    if (!(error instanceof CutterError) || run.status === 'closed') throw error
    const { code, message, data, next } = error
    const isAlone = (await findOrphanedWrite(deps, run)) === null
    const end = isAlone ? `cutter run cancel ${run.runId} --reason "…"` : abandonHint(run.runId)
    throw new CutterError(code, message, {
      next: next === undefined ? end : `${next}; or end the run: ${end}`,
      data,
      cause: error,
    })
  }
}
