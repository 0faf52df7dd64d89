import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { ABANDONED, recordStep } from '../machine/transition.ts'
import type { EngineDeps } from './engine-deps.ts'
import { claimEffects, currentLease } from './lease.ts'
import { findInstalled } from './load-run.ts'

/**
 * Takes over what an interrupted run has in flight, so that it can be cancelled; refuses where that may have changed the world: a
 * live write, and of a run of another definition every live effect, since nobody can tell its kind.
 */
export async function claimUnsettled(deps: EngineDeps, run: Run): Promise<void> {
  const installed = await findInstalled(deps, run.machine)
  const kinds = installed?.machine.definitionDigest === run.definitionDigest ? installed.effects : {}
  const seized = await claimEffects(deps, run)
  if (run.mode !== 'live' || seized.every(({ name }) => kinds[name]?.kind === 'read')) return
  await deps.store.release(run.runId, deps.owner)
  throw new CutterError(
    'EVENT_REFUSED',
    `run ${run.runId} was interrupted while working in ${run.state}; what it began may have been written, and must be settled before it can be cancelled`,
    { next: `cutter run resume ${run.runId}`, data: { runId: run.runId } },
  )
}

/**
 * Closes a run that was started under another definition than the installed one, or whose machine can't be had any more:
 * its chart can't be asked. Nothing that wrote is in flight. Null when the definition is the installed one, whose chart then has the word.
 */
export async function cancelOrphaned(
  deps: EngineDeps,
  run: Run,
  { by, reason }: { by: string; reason: string },
): Promise<Run | null> {
  const installed = await findInstalled(deps, run.machine)
  if (installed?.machine.definitionDigest === run.definitionDigest) return null
  const event = {
    ...{ type: ABANDONED, reason, installed: installed?.machine.definitionDigest ?? null },
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
