import type { Json } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import type { AbandonOptions } from './abandon.ts'
import type { CancelOptions } from './cancel.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { LoadedRun } from './load-run.ts'
import type { ResumeOptions } from './resume.ts'
import { createRunLock, type RunLock } from './run-lock.ts'
import type { StartOptions } from './start.ts'

/** The verbs that move runs. */
export interface Engine {
  /** Starts a run and works on it until it pauses, stops or closes. */
  start(machine: string, input: { [key: string]: Json }, options: StartOptions): Promise<Run>
  /**
   * Resumes a run: with an approval at a gate, or after a stop or a crash. A closed run is answered as it is. With an id the run is
   * loaded and checked here; a run from `loadForResume` was checked there and is not checked again.
   */
  resume(run: string | LoadedRun, options: ResumeOptions): Promise<Run>
  /**
   * Closes a run as cancelled if it rests, or if it was interrupted with no live write in flight. What it has committed stays, and the
   * output of the answer lists it.
   */
  cancel(runId: string, options: CancelOptions): Promise<Run>
  /** Closes a run as abandoned, under an approval with that decision, also where its machine or its target is gone. */
  abandon(runId: string, options: AbandonOptions): Promise<Run>
  /** How many runs this process works on at this moment. */
  activeRuns(): number
  /** Whether this process works on a run at this moment. */
  isAtWork(runId: string): boolean
  /** The same engine for another caller. Both share the lock of runs. */
  withDeps(
    changes: Pick<EngineDeps, 'tokenName' | 'isOwnersToken' | 'through' | 'onStep' | 'onProgress'>,
  ): Engine
}

/**
 * The verbs that move runs. Machines, approvals and XState are loaded when a run really moves, so that reading a run that is closed or
 * waits costs nothing of them.
 */
export function createEngine(deps: EngineDeps): Engine {
  const lock = createRunLock(async (runId, hasMoved) => {
    await deps.reports?.atRest(runId, { isChecked: hasMoved })
  })
  return engineOf(deps, lock)
}

function engineOf(deps: EngineDeps, lock: RunLock): Engine {
  return {
    async start(machine, input, options) {
      const { startRun } = await import('./start.ts')
      return startRun(deps, lock.exclusively, machine, input, options)
    },
    resume: (run, options) =>
      lock.exclusively(typeof run === 'string' ? run : run.run.runId, async () => {
        const { resumeRun } = await import('./resume.ts')
        return resumeRun(deps, run, options)
      }),
    cancel: (runId, options) =>
      lock.exclusively(runId, async () => {
        const { cancelRun } = await import('./cancel.ts')
        return cancelRun(deps, runId, options)
      }),
    abandon: (runId, options) =>
      lock.exclusively(runId, async () => {
        const { abandonRun } = await import('./abandon.ts')
        return abandonRun(deps, runId, options)
      }),
    activeRuns: () => lock.count(),
    isAtWork: (runId) => lock.isLocked(runId),
    withDeps: (changes) => engineOf({ ...deps, ...changes }, lock),
  }
}
