import { findUnsettledWrites } from '../domain/begun-writes.ts'
import type { EffectRow } from '../domain/effect.ts'
import type { Run } from '../domain/run.ts'
import { unsettledError } from './check-settled.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'
import { claimEffects } from './lease.ts'
import { runEffect } from './run-effect.ts'
import { type ClaimedRun, saveEvent, settleBegun } from './work-on-run.ts'

/**
 * Asks the target about the writes that a live run has begun and of which nobody knows whether they were committed, so that the run can be
 * closed. Nothing is written to the target: a write that is missing stays missing.
 * @returns the run as it is then; the same run when there was nothing to ask
 * @throws EVENT_REFUSED when the target does not answer, or the chart has no way to ask
 */
export async function settleWrites(
  deps: EngineDeps,
  installed: InstalledMachine,
  run: Run,
  by: string,
): Promise<Run> {
  if (run.mode !== 'live') return run
  const timers = await deps.store.timers(run.runId)
  const isInFlight = run.status === 'working'
  if (!isInFlight && (run.status !== 'stopped' || !(await hasUnsettled(deps, run)))) return run
  let claimed: ClaimedRun = isInFlight
    ? { run, effects: await claimEffects(deps, run), timers }
    : await saveEvent(deps, installed, { run, effects: [], timers }, { type: 'RETRY' }, { by })
  claimed = await settleBegun(deps, installed, claimed)
  const writes = claimed.effects.filter(({ name }) => installed.effects[name]?.kind === 'write')
  // The outcome of one write may lead the chart out of another, which is missing then.
  for (const row of writes)
    if (claimed.effects.includes(row)) claimed = await settle(deps, installed, claimed, row)
  const [left] = findUnsettledWrites(await deps.store.history(run.runId))
  if (left !== undefined) throw unsettledError(claimed.run, left.effect)
  return claimed.run
}

const hasUnsettled = async ({ store }: EngineDeps, { runId }: Run) =>
  findUnsettledWrites(await store.history(runId)).length > 0

async function settle(
  deps: EngineDeps,
  installed: InstalledMachine,
  claimed: ClaimedRun,
  row: EffectRow,
): Promise<ClaimedRun> {
  const effect = installed.effects[row.name]!
  const { event, evidence, workedMs } = await runEffect(deps, claimed.run, row, effect, { probeOnly: true })
  return saveEvent(deps, installed, claimed, event, { effectDone: row.invokeId, evidence, workedMs })
}
