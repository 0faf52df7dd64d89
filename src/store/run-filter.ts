import type { Status } from '../domain/history-entry.ts'
import type { Mode, Run } from '../domain/run.ts'

/** What runs a list has: those that pass every field. */
export interface RunFilter {
  status?: Status
  machine?: string
  /** Any of these machines. */
  machines?: string[]
  mode?: Mode
  runId?: string
  /** The input of the run names it, as `target` and `host`. */
  document?: string
  target?: string
  host?: string
  /** The gate at which the run waits. */
  gate?: string
  /** Signed or rehearsed an approval of the run. */
  approver?: string
  /** Started or moved the run. */
  operator?: string
  /** Started at or after this time (ISO 8601). */
  since?: string
  /** Started before this time (ISO 8601). */
  until?: string
  /** Part of id, machine, state, operator or input, in any case. */
  text?: string
  /** Only runs that come after this one in the list. */
  after?: { startedAt: string; runId: string }
  limit: number
  /** Receives the error of each run that can't be trusted, which the list then omits. Without it the first such error is thrown. */
  onTampered?(error: Error): void
}

/** What waiting runs a list has: those that pass every field. */
export interface WaitFilter extends Pick<RunFilter, 'machines' | 'runId' | 'limit' | 'onTampered'> {
  status: 'paused' | 'stopped'
  mode: Mode
  /** Only runs that come after this one in the list. */
  after?: WaitPlace
}

/** Where a waiting run stands in the list: since when it waits (ISO 8601), then its id. */
export interface WaitPlace {
  since: string
  runId: string
}

/** A run that waits for people, and since when: its arrival at the gate, or its stop. */
export interface WaitingRun {
  run: Run
  since: string
}
