import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { ABANDONED, recordStep } from '../machine/transition.ts'
import type { EngineDeps } from './engine-deps.ts'
import { claimEffects, currentLease } from './lease.ts'
import { findInstalled } from './load-run.ts'

/**
 * Claims the effects in flight of an interrupted run, so that the run can be cancelled.
 * @throws EVENT_REFUSED when one of them may have changed the world: a live write, or any live effect of a run of another definition,
 * whose kind is not known
 * @throws RUN_HELD when another process works on the run
 */
export async function claimUnsettled(deps: EngineDeps, run: Run): Promise<void> {
  const installed = await findInstalled(deps, run)
  const kinds = installed?.machine.definitionDigest === run.definitionDigest ? installed.effects : {}
  const claimed = await claimEffects(deps, run)
  if (run.mode !== 'live' || claimed.every(({ name }) => kinds[name]?.kind === 'read')) return
  await deps.store.release(run.runId, deps.owner)
  throw new CutterError(
    'EVENT_REFUSED',
    `run ${run.runId} was interrupted while working in ${run.state}; its write may have been committed, and must be settled before the run can be cancelled`,
    { next: `cutter run resume ${run.runId}`, data: { runId: run.runId } },
  )
}

/**
 * Closes a run whose definition is no longer installed, with a record instead of an event, because its chart cannot be asked. No write is in
 * flight. Null when the definition is the installed one: then its chart decides.
 */
export async function cancelOrphaned(
  deps: EngineDeps,
  run: Run,
  { by, reason }: { by: string; reason: string },
): Promise<Run | null> {
  const installed = await findInstalled(deps, run)
  if (installed?.machine.definitionDigest === run.definitionDigest) return null
  const event = {
    type: ABANDONED,
    reason,
    installed: installed?.machine.definitionDigest ?? null,
    outcome: 'cancelled',
  }
  const step = {
    ...recordStep(run, event, { at: deps.clock.now().toISOString(), by }),
    effectsDropped: (await deps.store.effects(run.runId)).map(({ invokeId }) => invokeId),
    timersDropped: (await deps.store.timers(run.runId)).map(({ timerId }) => timerId),
  }
  await deps.store.advance(step, currentLease(deps))
  deps.onStep?.(step.run, step.entry)
  await deps.onClosed?.(step.run)
  return step.run
}
