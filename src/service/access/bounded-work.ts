import type { Home } from '../../app/open-home.ts'
import { noSuchRunError } from '../../domain/errors.ts'
import { answerOfRun, type RunAnswer } from '../runs/run-answer.ts'

/** What the service works on for callers who may have gone. */
export interface BoundedWork {
  /**
   * Waits for work on a run, at most so many seconds once the run is known. Then it answers with the run as it is, and the work continues.
   * @param findRunId the run, as soon as it is known; null before
   */
  answer(work: Promise<RunAnswer>, seconds: number, findRunId: () => string | null): Promise<RunAnswer>
  /** Waits until nothing is at work. */
  idle(): Promise<void>
}

/** How often unfinished work is looked at, in milliseconds. */
const POLL_MS = 20

/** Creates the work of one service. `failed` gets the error of work that nobody waits for any more. */
export function createBoundedWork(
  { store }: Pick<Home, 'store'>,
  failed: (error: unknown) => void,
): BoundedWork {
  const atWork = new Set<Promise<unknown>>()
  return {
    async answer(work, seconds, findRunId) {
      atWork.add(work)
      const ended = work.finally(() => atWork.delete(work))
      const until = Date.now() + seconds * 1_000
      for (;;) {
        const first = await Promise.race([ended.then((run) => ({ run })), pause()])
        // A run that another request or the worker moves is waited for like one of this request's own.
        if (first !== null && (first.run.status !== 'working' || Date.now() >= until)) return first.run
        const runId = first?.run.runId ?? findRunId()
        if (runId === null) continue
        if (first !== null) await pause()
        else if (Date.now() < until) continue
        ended.catch(failed)
        const run = await store.run(runId)
        if (run === null) throw noSuchRunError(runId)
        if (run.status !== 'working' || Date.now() >= until) return answerOfRun({ store }, run)
      }
    },
    async idle() {
      while (atWork.size > 0) await Promise.allSettled(atWork)
    },
  }
}

const pause = () => new Promise<null>((done) => setTimeout(() => done(null), POLL_MS))
