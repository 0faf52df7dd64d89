import type { HistoryEntry } from './history-entry.ts'
import type { Json } from './json.ts'

/** Recorded in `event.clock` of an entry whose clock read an earlier time than the entry before has. */
export const CLOCK_WENT_BACK = 'CLOCK_WENT_BACK'

/** An entry at which times ran backwards. */
export interface ClockFault {
  seq: number
  /** What the clock read. ISO 8601 in UTC. */
  reading: string
  /** The time of the entry before. */
  before: string
}

/**
 * Lists the entries at which the clock read an earlier time than the entry before has. Such an entry has the time of the entry before, and
 * records the reading; entries of earlier versions have the earlier time itself.
 */
export function listClockFaults(history: HistoryEntry[]): ClockFault[] {
  return history.flatMap(({ seq, at, event }, index) => {
    const before = history[index - 1]?.at
    if (before === undefined) return []
    const reading = recordedReading(event.clock) ?? (Date.parse(at) < Date.parse(before) ? at : null)
    return reading === null ? [] : [{ seq, reading, before }]
  })
}

/** A bundle of others may hold anything there. */
function recordedReading(clock: Json | undefined): string | null {
  const { code, reading } = (clock ?? {}) as { code?: Json; reading?: Json }
  return code === CLOCK_WENT_BACK && typeof reading === 'string' && TIME.test(reading) ? reading : null
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

const MOST_DESCRIBED = 10

/** One sentence for each of the first ten entries, and one for the rest. */
export function describeClockFaults(faults: ClockFault[]): string[] {
  const sentences = faults
    .slice(0, MOST_DESCRIBED)
    .map(
      ({ seq, reading, before }) =>
        `${CLOCK_WENT_BACK}: at entry ${seq} the clock read ${reading}, before the time of entry ${seq - 1}, ${before}`,
    )
  const left = faults.length - sentences.length
  return left === 0 ? sentences : [...sentences, `${CLOCK_WENT_BACK}: at ${left} more entries`]
}
