import type { Run } from '../domain/run.ts'
import { assertSuitableHost } from './assert-suitable-host.ts'
import { assertNoSecretWords } from './check-secrets.ts'
import type { EngineDeps } from './engine-deps.ts'
import { assertNotClaimed, mapConflict } from './lease.ts'
import { loadRun } from './load-run.ts'
import { assertOperator } from './operators.ts'

/** The options of `Engine.cancel`. */
export interface CancelOptions {
  reason: string
  /** Label of the operator. */
  by?: string
}

/**
 * Closes a run as cancelled. A closed run is answered as it is.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED
 * @throws RUN_HELD when another process works on the run
 * @throws HOST_UNSUITABLE, LIVE_REFUSED when another host of the store has to end it
 * @throws EVENT_REFUSED when an interrupted live write must be settled first
 * @throws OPERATOR_REFUSED, INPUT_REFUSED, USAGE for the operator's label or the reason
 */
export async function cancelRun(
  deps: EngineDeps,
  id: string,
  { reason, by: label }: CancelOptions,
): Promise<Run> {
  assertNoSecretWords(deps, { '--by': label, '--reason': reason })
  const found = await loadRun(deps, id)
  if (found.status === 'closed') return found
  const by = assertOperator(deps, label)
  await assertNotClaimed(deps, found)
  await assertSuitableHost(deps, found)
  // What cancelling does is the chart's to say: a deploy, for example, first takes back what it made.
  const { upgradeIfPossible } = await import('./upgrade-run.ts')
  const run = await upgradeIfPossible(deps, found, by)
  const { cancelOrphaned } = await import('./cancel-orphaned.ts')
  const { settleWrites } = await import('./settle-writes.ts')
  const { continueRun } = await import('./work-on-run.ts')
  const cancelled = await cancelOrphaned(deps, run, { by, reason })
  if (cancelled !== null) return cancelled
  if (deps.checkRecords !== false) await (await import('./verify-run.ts')).verifyRun(deps, id)
  return mapConflict(deps, run, async () => {
    const settled = await settleWrites(deps, await deps.installed(run.machine, run), run, by)
    return settled.status === 'closed' ? settled : continueRun(deps, settled, { type: 'CANCEL', reason }, by)
  })
}
