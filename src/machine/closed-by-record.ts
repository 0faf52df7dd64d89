import { type Outcome, RUN_ABANDONED, type Run } from '../domain/run.ts'

/** Closes a run as cancelled whose own chart is no longer installed, so that no other event could close it. */
export const ABANDONED = 'cutter.abandoned'

const OUTCOMES: { [type: string]: Outcome } = { [ABANDONED]: 'cancelled', [RUN_ABANDONED]: 'abandoned' }

/** The run as a record of this type closes it. Null for a record that closes no run. */
export function closedByRecord(run: Run, type: string): Run | null {
  const outcome = OUTCOMES[type]
  if (outcome === undefined) return null
  return {
    ...run,
    status: 'closed',
    outcome,
    phase: null,
    stopCode: null,
    stop: null,
    gate: null,
    gateSeq: null,
    gateHead: null,
  }
}
