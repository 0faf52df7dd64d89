import { CLOCK_WENT_BACK } from '../domain/clock-faults.ts'
import type { Json } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import type { EngineDeps } from './engine-deps.ts'

/**
 * The time by which approvals, gates and timers of a run are judged: the later of the clock and of its newest entry. A clock that went back
 * makes nothing valid that had expired.
 */
export function timeFor({ clock }: Pick<EngineDeps, 'clock'>, { updatedAt }: Pick<Run, 'updatedAt'>): Date {
  const now = clock.now()
  return now.getTime() < Date.parse(updatedAt) ? new Date(updatedAt) : now
}

/**
 * The time of the next entry of a run (ISO 8601 in UTC), and what the entry records of the clock: nothing, or that it went back behind the
 * newest entry, with what it read.
 */
export function readStepTime(
  { clock }: Pick<EngineDeps, 'clock'>,
  { updatedAt }: Pick<Run, 'updatedAt'>,
): { at: string; reading: { clock?: Json } } {
  const now = clock.now()
  if (now.getTime() >= Date.parse(updatedAt)) return { at: now.toISOString(), reading: {} }
  return { at: updatedAt, reading: { clock: { code: CLOCK_WENT_BACK, reading: now.toISOString() } } }
}
