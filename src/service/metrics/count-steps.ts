import type { HistoryEntry } from '../../domain/history-entry.ts'
import { entryMarks } from '../../domain/history-facts.ts'
import type { Run } from '../../domain/run.ts'
import type { EngineDeps } from '../../engine/engine-deps.ts'
import { findEffectOutcome } from '../effect-outcome.ts'
import type { Turns } from '../turns.ts'
import type { Instruments } from './instruments.ts'

/**
 * Counts the steps that an engine saves, and measures its effects and commits. It sets `onStep`, `turn` and `store` of `deps`, so it comes before
 * the first work.
 */
export function countSteps(
  deps: EngineDeps,
  turns: Turns,
  instruments: Instruments,
  onError: (err: unknown) => void,
): { settled(): Promise<void> } {
  const { store, onStep } = deps
  const pending = new Set<Promise<void>>()
  deps.onStep = (run, entry) => {
    onStep?.(run, entry)
    countEffect(run, entry, instruments)
    const measured = measureWait(deps, run, entry, instruments)
      .catch(onError)
      .finally(() => pending.delete(measured))
    pending.add(measured)
  }
  deps.turn = (work, { machine, effect }) =>
    turns.take(() => timed(work, instruments.effectTime.labels({ machine, effect })))
  deps.store = {
    ...store,
    create: (...step) => timed(() => store.create(...step), instruments.stepTime),
    advance: (...step) => timed(() => store.advance(...step), instruments.stepTime),
  }
  return { settled: async () => void (await Promise.all(pending)) }
}

async function timed<Result>(
  work: () => Promise<Result>,
  times: { observe(seconds: number): void },
): Promise<Result> {
  const begun = performance.now()
  try {
    return await work()
  } finally {
    times.observe((performance.now() - begun) / 1_000)
  }
}

function countEffect({ machine }: Run, { event }: HistoryEntry, { effects }: Instruments): void {
  const outcome = findEffectOutcome(event)
  if (outcome !== null) effects.inc({ machine, effect: String(event.actorId), outcome })
}

/** The history is read for it, which people make happen a few times for each run. */
async function measureWait(
  { store }: EngineDeps,
  { runId, machine }: Run,
  entry: HistoryEntry,
  { waited }: Instruments,
): Promise<void> {
  if (entryMarks(entry).approvalUsed === undefined) return
  const before = (await store.history(runId)).slice(0, entry.seq - 1)
  const arrived = before.findLast((one) => entryMarks(one).arrival !== undefined)
  if (arrived === undefined) return
  const { gate } = entryMarks(arrived).arrival!
  waited.observe({ machine, gate }, (Date.parse(entry.at) - Date.parse(arrived.at)) / 1_000)
}
