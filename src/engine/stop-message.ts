import type { StopFacts } from '../domain/errors.ts'
import type { HistoryEntry, Run } from '../domain/run.ts'
import type { EngineDeps } from './engine-deps.ts'

/** The words by which a stop's message says that its phase changed nothing. */
const NOTHING = /nothing was (?:changed|touched)/

/**
 * A phase says what it touched itself, wherever in a run it comes. Of a live run that has written before, its words would be
 * read as said of the whole run; so they name the phase, and what was written before it.
 */
export async function limitStopToPhase(
  { store }: EngineDeps,
  run: Run,
  phase: string,
  stop: StopFacts,
): Promise<StopFacts> {
  if (run.mode !== 'live' || !NOTHING.test(stop.message)) return stop
  const before = listWrites(await store.history(run.runId))
  if (before.length === 0) return stop
  const words = `${phase} touched nothing, and what ${before.join(' and ')} wrote before stays`
  return { ...stop, message: stop.message.replace(NOTHING, words) }
}

/** Invokes of a live run that wrote: each was done with a reading of the hold before it, or found by a probe to be done. */
export function listWrites(history: HistoryEntry[]): string[] {
  return history.flatMap(({ event: { type, actorId, hold, ran } }) =>
    type.startsWith('xstate.done.actor.') && (hold !== undefined || ran === 'probe') ? [String(actorId)] : [],
  )
}
