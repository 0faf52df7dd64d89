import type { Home } from '../../app/open-home.ts'
import type { StopFacts } from '../../domain/errors.ts'
import type { Status } from '../../domain/history-entry.ts'
import { type Hold, holdOver } from '../../domain/hold.ts'
import type { Json } from '../../domain/json.ts'
import type { Mode, Outcome, Run } from '../../domain/run.ts'
import type { StopCode } from '../../domain/stop-codes.ts'
import { aboutRun } from '../../reports/about-run.ts'

/** What run commands print with `--json`. */
export interface RunAnswer {
  runId: string
  machine: string
  version: string
  mode: Mode
  status: Status
  state: string
  phase: string | null
  stopCode: StopCode | null
  outcome: Outcome | null
  gate: string | null
  /** `sha256:<64 hex>`, or null before the run has a plan. */
  planDigest: string | null
  startedBy: string
  /** ISO 8601, as `updatedAt`. */
  startedAt: string
  updatedAt: string
  output: Json
  /** What the run is about, in one line. */
  about: string
  /** Only of a stopped run. */
  stop?: StopFacts
  /** The hold that binds an open run, or null. A closed run has no such field. */
  hold?: Hold | null
  /** Only where a command changed nothing, because the run had closed before, or where an abandoned deploy may have left something. */
  note?: string
}

/** A run as it is answered; `hold` is the one that binds it. */
export function runAnswer(run: Run, hold: Hold | null): RunAnswer {
  return {
    runId: run.runId,
    machine: run.machine,
    version: run.version,
    mode: run.mode,
    status: run.status,
    state: run.state,
    phase: run.phase,
    stopCode: run.stopCode,
    outcome: run.outcome,
    gate: run.gate,
    planDigest: run.planDigest,
    startedBy: run.startedBy,
    startedAt: run.startedAt,
    updatedAt: run.updatedAt,
    output: run.output,
    about: aboutRun(run),
    ...(run.stop === null ? {} : { stop: run.stop }),
    ...(run.status === 'closed' ? {} : { hold: hold === null ? null : { ...hold } }),
  }
}

/** The same, with the hold read from the store. */
export async function answerOfRun({ store }: Pick<Home, 'store'>, run: Run): Promise<RunAnswer> {
  if (run.status === 'closed') return runAnswer(run, null)
  return runAnswer(run, holdOver(await store.hold(), run.runId))
}

/** The answer to a command that closes runs, for one that had closed before. `done` says what the command would have done: `cancelled`. */
export const answerOfClosed = (run: Run, done: string): RunAnswer => ({
  ...runAnswer(run, null),
  note: `the run closed as ${run.outcome} on ${run.updatedAt}; nothing was ${done}, and no reason was recorded`,
})

/**
 * The run that an error is about, for doors that report both together. Null when the error names none, or the run can't be read.
 */
export async function findRunAnswer(home: Home | null, runId: unknown): Promise<RunAnswer | null> {
  if (home === null || !home.isStoreOpen || typeof runId !== 'string') return null
  try {
    const run = await home.store.run(runId)
    return run === null ? null : await answerOfRun(home, run)
  } catch {
    return null
  }
}
