import type { EffectRow } from '../domain/effect.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { EngineDeps } from './engine-deps.ts'
import { currentLease, LEASE_MS, sameOwner } from './lease.ts'

/**
 * Checks that this process still has the claim on an effect, and renews a lease that is about to end or has ended. A process that was
 * suspended past its lease learns here that another one has taken the effect over.
 * @throws RUN_HELD when another process has the claim
 * @throws STORE_CONFLICT when the effect is settled already
 */
export async function assertClaimed(deps: EngineDeps, { runId }: Run, claimed: EffectRow): Promise<void> {
  let found = await findEffectRow(deps, runId, claimed)
  if (isOwn(deps, found, claimed) && isEnding(deps, found)) {
    // Only a claim that this process still has is renewed, so the row tells whether it was.
    await deps.store.renew(runId, currentLease(deps))
    found = await findEffectRow(deps, runId, claimed)
  }
  if (!isOwn(deps, found, claimed)) throw claimLostError(runId, claimed, found)
}

const findEffectRow = async ({ store }: EngineDeps, runId: string, { invokeId }: EffectRow) =>
  (await store.effects(runId)).find((row) => row.invokeId === invokeId) ?? null

const isOwn = (
  { owner }: EngineDeps,
  found: EffectRow | null,
  { seq, attempt }: EffectRow,
): found is EffectRow =>
  found?.owner != null && sameOwner(found.owner, owner()) && found.seq === seq && found.attempt === attempt

const isEnding = ({ clock }: EngineDeps, { leaseUntil }: EffectRow) =>
  Date.parse(leaseUntil ?? '') - clock.now().getTime() < LEASE_MS / 2

function claimLostError(runId: string, { name }: EffectRow, found: EffectRow | null): CutterError {
  const owner = found?.owner ?? null
  const who =
    owner === null ? 'another process has settled it' : `process ${owner.pid} on ${owner.host} has it now`
  return new CutterError(
    owner === null ? 'STORE_CONFLICT' : 'RUN_HELD',
    `this process has lost its claim on ${name} of run ${runId}: ${who}; this process does nothing more`,
    {
      next: `cutter run show ${runId}`,
      data: { runId, holder: owner === null ? null : { host: owner.host, pid: owner.pid } },
    },
  )
}
