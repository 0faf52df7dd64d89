import type { Home } from '../../app/open-home.ts'
import type { Run } from '../../domain/run.ts'
import { findRunId } from './find-run.ts'
import { answerOfRun, type RunAnswer } from './run-answer.ts'

/** What a caller waits for: a run that closes, or one that does not work any more: it waits at a gate, stopped or closed. */
export const AWAITED = ['rest', 'gate', 'closed'] as const

export type Awaited = (typeof AWAITED)[number]

export interface WaitForRunInput {
  /** Id, or a unique prefix or suffix of one. */
  run: string
  /** `gate`: at a gate, or closed, because it comes to none any more. */
  for: Awaited
  /** Longest time to wait, in milliseconds. */
  ms: number
}

export interface WaitedRun {
  run: RunAnswer
  /** Whether what was waited for has come. */
  arrived: boolean
}

/** How often the run is read although nothing was saved, in milliseconds. */
const QUIET_MS = 1_000

/**
 * Waits until a run has come to a gate or closed, whichever process moves it.
 * @throws RUN_NOT_FOUND, USAGE when several runs match
 */
export async function waitForRun(
  home: Home,
  { run: text, for: awaited, ms }: WaitForRunInput,
): Promise<WaitedRun> {
  const runId = await findRunId(home, text)
  const until = Date.now() + ms
  for (;;) {
    const seen = home.changes().count()
    const run = (await home.store.run(runId))!
    const left = until - Date.now()
    const arrived = hasArrived(run, awaited)
    if (arrived || left <= 0 || home.interrupt.aborted) return { run: await answerOfRun(home, run), arrived }
    await home.changes().after(seen, Math.min(left, QUIET_MS), home.interrupt)
  }
}

function hasArrived({ status }: Run, awaited: Awaited): boolean {
  if (status === 'closed') return true
  if (awaited === 'gate') return status === 'paused'
  return awaited === 'rest' && status !== 'working'
}
