import type { Run } from '../domain/run.ts'
import type { RunStore } from '../store/run-store.ts'

/** When the gate at which a run waits expires by a timer of the chart, ISO 8601. Null without such a timer, and for a run at no gate. */
export async function findGateExpiry(
  { timers }: Pick<RunStore, 'timers'>,
  { runId, status }: Run,
): Promise<string | null> {
  if (status !== 'paused') return null
  const due = (await timers(runId)).map(({ dueAt }) => dueAt).sort()
  return due[0] ?? null
}
