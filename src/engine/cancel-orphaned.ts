import type { Run } from '../domain/run.ts'
import { ABANDONED } from '../machine/closed-by-record.ts'
import { recordStep } from '../machine/transition.ts'
import { recordSwitch } from './check-live.ts'
import { unsettledError } from './check-settled.ts'
import type { EngineDeps } from './engine-deps.ts'
import { currentLease } from './lease.ts'
import { findInstalled } from './load-run.ts'
import { throughOf } from './operators.ts'
import { readStepTime } from './step-time.ts'
import { findOrphanedWrite } from './way-out.ts'

/**
 * Closes a run whose definition is no longer installed, with a record instead of an event, because its chart cannot be asked. Null when the
 * definition is the installed one: then its chart decides.
 * @throws EVENT_REFUSED when a live write is in flight or not settled: only its machine can ask the target
 * @throws RUN_HELD when another process works on the run
 */
export async function cancelOrphaned(
  deps: EngineDeps,
  run: Run,
  { by, reason }: { by: string; reason: string },
): Promise<Run | null> {
  const installed = await findInstalled(deps, run)
  if (installed?.machine.definitionDigest === run.definitionDigest) return null
  const begun = await findOrphanedWrite(deps, run)
  if (begun !== null) throw unsettledError(run, begun, { isOrphaned: true })
  const { at, reading } = readStepTime(deps, run)
  const event = {
    type: ABANDONED,
    reason,
    installed: installed?.machine.definitionDigest ?? null,
    outcome: 'cancelled',
    ...throughOf(deps),
    ...(await recordSwitch(deps)),
  }
  const step = {
    ...recordStep(run, { ...event, ...reading }, { at, by }),
    effectsDropped: (await deps.store.effects(run.runId)).map(({ invokeId }) => invokeId),
    timersDropped: (await deps.store.timers(run.runId)).map(({ timerId }) => timerId),
  }
  await deps.store.advance(step, currentLease(deps))
  deps.onStep?.(step.run, step.entry)
  await deps.onClosed?.(step.run)
  return step.run
}
