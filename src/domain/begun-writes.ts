import type { HistoryEntry } from './history-entry.ts'

/** What is known of a write that a live run has begun: the target has it, has it not, or nobody knows. */
export type Committed = 'yes' | 'no' | 'unknown'

/** A write that a live run has begun, with the newest that is known of it. */
export interface BegunWrite {
  /** The invoke's id in the chart, by which outcomes name their effect. */
  effect: string
  committed: Committed
  /** `execute`, or `probe` when the target had it already. Null when the effect failed. */
  ran: string | null
  /** The entry that says so. */
  seq: number
}

/**
 * Lists the writes that a live run has begun, each with its newest outcome, in the order of these outcomes. A write whose process died is in
 * flight, and not listed. Writes of which it is known that nothing was begun are not listed either.
 */
export function listBegunWrites(history: HistoryEntry[]): BegunWrite[] {
  let begun: BegunWrite[] = []
  for (const { event, seq } of history) {
    const [, kind, effect] = /^xstate\.(done|error)\.actor\.(.+)$/s.exec(event.type) ?? []
    if (effect === undefined || event.kind !== 'write' || event.ran === 'simulate') continue
    // A later outcome of the same write settles a failure. What was done stays done, also when a chart repeats the write.
    begun = begun.filter((one) => one.effect !== effect || one.ran !== null)
    const committed = kind === 'done' ? 'yes' : committedOf(event)
    const ran = kind === 'done' ? String(event.ran ?? 'execute') : null
    if (committed !== 'no') begun.push({ effect, committed, ran, seq })
  }
  return begun
}

/** The begun writes of which nobody knows whether they were committed. */
export const findUnsettledWrites = (history: HistoryEntry[]): BegunWrite[] =>
  listBegunWrites(history).filter(({ committed }) => committed === 'unknown')

/** Failures of earlier versions do not say it. There, a second attempt means that a process died in the first one. */
function committedOf({ committed, error, attempt }: HistoryEntry['event']): Committed {
  if (committed === 'yes' || committed === 'no' || committed === 'unknown') return committed
  const { code } = (error ?? {}) as { code?: string }
  return code === 'STOP_OUTCOME_UNKNOWN' || (typeof attempt === 'number' && attempt > 1) ? 'unknown' : 'no'
}
