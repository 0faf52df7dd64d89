import type { StopFacts } from '../domain/errors.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import type { Run } from '../domain/run.ts'
import type { EngineDeps } from './engine-deps.ts'

/** The words by which a stop's message says that its phase changed nothing. */
const NOTHING = /nothing was (?:changed|touched)/

/**
 * Limits the words of a stop to its phase. A phase reports only its own changes. If a live run wrote in an earlier phase, "nothing was
 * changed" would be read as a statement about the complete run. So the message names the phase, and the earlier writes, which stay.
 */
export async function limitStopToPhase(
  { store }: EngineDeps,
  run: Run,
  phase: string,
  stop: StopFacts,
): Promise<StopFacts> {
  if (run.mode !== 'live' || !NOTHING.test(stop.message)) return stop
  const earlier = listWrites(await store.history(run.runId))
  if (earlier.length === 0) return stop
  const words = `${phase} changed nothing, and what ${earlier.join(' and ')} wrote earlier stays`
  return { ...stop, message: stop.message.replace(NOTHING, words) }
}

/** Lists the invokes of a live run that wrote. Each has a reading of the hold, or a probe found that it was committed. */
function listWrites(history: HistoryEntry[]): string[] {
  return history.flatMap(({ event: { type, actorId, hold, ran } }) =>
    type.startsWith('xstate.done.actor.') && (hold !== undefined || ran === 'probe') ? [String(actorId)] : [],
  )
}
