import { CutterError } from '../domain/errors.ts'

/** Does a task while no other task of this process works on the same run. */
export type Exclusively = <Result>(runId: string, task: () => Promise<Result>) => Promise<Result>

/** The lock of one engine, by the ids of runs. */
export interface RunLock {
  /** @throws RUN_HELD when this process works on the run already */
  exclusively: Exclusively
  isLocked(runId: string): boolean
  /** How many runs this process works on at this moment. */
  count(): number
}

/**
 * A lock per run within one process. Two resumes of one run in one process share an owner, so the lease of an effect can't tell them
 * apart. `afterwards` is called when a task has ended, before the run is free again; `hasMoved`: the task did not throw.
 */
export function createRunLock(afterwards: (runId: string, hasMoved: boolean) => Promise<void>): RunLock {
  const locked = new Set<string>()
  return {
    async exclusively(runId, task) {
      if (locked.has(runId)) throw lockedError(runId)
      locked.add(runId)
      let hasMoved = false
      try {
        const result = await task()
        hasMoved = true
        return result
      } finally {
        await afterwards(runId, hasMoved)
        locked.delete(runId)
      }
    },
    isLocked: (runId) => locked.has(runId),
    count: () => locked.size,
  }
}

function lockedError(runId: string): CutterError {
  return new CutterError('RUN_HELD', `run ${runId} is being worked on by this very process`, {
    next: 'wait for its answer',
  })
}
