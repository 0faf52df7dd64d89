import { CutterError } from '../domain/errors.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import { identityOf, type Run, type RunIdentity } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import type { Machine } from './define.ts'
import { eventStep, RECORD, recordStep, startStep } from './transition.ts'

/**
 * Replays a history from its start, or from the run as it was after an earlier entry (`from`). `onStep` gets each step with its
 * requests.
 * @throws STORE_TAMPERED when an entry carries another digest than replaying gives, or when there is no entry.
 */
export function replayHistory(
  machine: Machine,
  whose: RunIdentity,
  entries: HistoryEntry[],
  from: Run | null = null,
  onStep?: (step: Step) => void,
): Run {
  const identity = identityOf(whose)
  let run = from
  for (const entry of entries) {
    const facts = { at: entry.at, by: entry.by }
    const { type: _, ...readings } = entry.event
    let step: Step
    if (run === null) step = startStep(machine, identity, { ...facts, readings })
    else if (entry.event.type.startsWith(RECORD)) step = recordStep(run, entry.event, facts)
    else step = eventStep(machine, run, entry.event, facts)
    run = step.run
    if (run.snapshotDigest !== entry.snapshotDigest || run.head !== entry.hash) {
      throw new CutterError(
        'STORE_TAMPERED',
        `replaying run ${identity.runId} gives another snapshot at entry ${entry.seq}`,
      )
    }
    onStep?.(step)
  }
  if (run === null) throw new CutterError('STORE_TAMPERED', `run ${identity.runId} has no history`)
  return run
}
