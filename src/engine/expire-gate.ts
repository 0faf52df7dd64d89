import type { Run } from '../domain/run.ts'
import type { ResumableRun } from '../store/run-store.ts'
import type { EngineDeps } from './engine-deps.ts'
import { mapConflict } from './lease.ts'
import { timeFor } from './step-time.ts'
import { saveEvent, workUntilRest } from './work-on-run.ts'

/**
 * Closes a run that waits at a gate whose timer (`after`) is due, also when it ended while no process was there. Whoever resumes the run then
 * comes too late, with an approval or without. Null when no timer is due.
 * @throws RUN_HELD, STORE_CONFLICT when another process moves the run
 */
export async function expireGate(
  deps: EngineDeps,
  { run, timers }: Pick<ResumableRun, 'run' | 'timers'>,
): Promise<Run | null> {
  const now = timeFor(deps, run).getTime()
  const [due] = timers
    .filter(({ dueAt }) => Date.parse(dueAt) <= now)
    .sort((a, b) => Date.parse(a.dueAt) - Date.parse(b.dueAt))
  if (due === undefined) return null
  const installed = await deps.installed(run.machine, run)
  const { event, timerId } = due
  return mapConflict(deps, run, async () => {
    const claimed = { run, effects: [], timers }
    return workUntilRest(
      deps,
      installed,
      await saveEvent(deps, installed, claimed, event, { timerFired: timerId }),
    )
  })
}
