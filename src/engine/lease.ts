import type { EffectRow, Owner } from '../domain/effect.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { Lease } from '../store/run-store.ts'
import type { EngineDeps } from './engine-deps.ts'

export const LEASE_MS = 60_000

const newest = new WeakMap<EngineDeps, { at: number; lease: Lease }>()

/** A lease from now on. Steps within one second share theirs: a minute's lease need not be made anew for each. */
export function currentLease(deps: EngineDeps): Lease {
  const at = deps.clock.now().getTime()
  const known = newest.get(deps)
  if (known !== undefined && at >= known.at && at - known.at < 1_000) return known.lease
  const lease = { owner: deps.owner, until: new Date(at + LEASE_MS).toISOString() }
  newest.set(deps, { at, lease })
  return lease
}

/** Refuses while another living process holds one of the run's effects, and says who. */
export async function assertNotClaimed(deps: EngineDeps, run: Run): Promise<void> {
  for (const effect of await deps.store.effects(run.runId)) {
    if (holds(deps, effect)) throw runHeldError(run, effect)
  }
}

/** Takes the run's effects over from owners that are gone. What was begun under them is settled by `perform`. */
export async function claimEffects(deps: EngineDeps, run: Run): Promise<EffectRow[]> {
  const seized: EffectRow[] = []
  for (const effect of await deps.store.effects(run.runId)) {
    if (holds(deps, effect)) throw runHeldError(run, effect)
    const mine = await deps.store.claim(run.runId, effect.invokeId, effect.owner, currentLease(deps))
    if (mine === null) throw runHeldError(run, await takenBefore(deps, run, effect))
    seized.push(mine)
  }
  return seized
}

/** The effect as it is since another process was faster; the owner that we saw is not its any more. */
async function takenBefore({ store }: EngineDeps, { runId }: Run, effect: EffectRow): Promise<EffectRow> {
  const [now] = await store.effects(runId)
  return now ?? { ...effect, owner: null }
}

/** A dead owner on this host holds nothing; one on another host holds until its lease ends. */
function holds(deps: EngineDeps, { owner, leaseUntil }: EffectRow): boolean {
  if (owner === null || leaseUntil === null || sameOwner(owner, deps.owner)) return false
  const alive = deps.ownerAlive(owner)
  return alive === 'unknown' ? Date.parse(leaseUntil) > deps.clock.now().getTime() : alive
}

const sameOwner = (a: Owner, b: Owner) =>
  a.host === b.host && a.pid === b.pid && a.processStart === b.processStart

export function runHeldError(run: Run, { name, owner, leaseUntil }: EffectRow): CutterError {
  const who = owner === null ? 'another process' : `process ${owner.pid} on ${owner.host}`
  return new CutterError(
    'RUN_HELD',
    `run ${run.runId} is held by ${who}, which works on ${name}; nothing was done here`,
    {
      next: `wait for it, then: cutter run show ${run.runId}`,
      data: {
        runId: run.runId,
        holder: owner === null ? null : { host: owner.host, pid: owner.pid },
        leaseUntil,
      },
    },
  )
}

/** Two processes may move a run at the same moment: the store lets one pass, the other learns who. */
export async function mapConflict(deps: EngineDeps, run: Run, task: () => Promise<Run>): Promise<Run> {
  try {
    return await task()
  } catch (error) {
    if (!(error instanceof CutterError) || error.code !== 'STORE_CONFLICT') throw error
    const [effect] = await deps.store.effects(run.runId)
    if (effect !== undefined) throw runHeldError(run, effect)
    throw error
  }
}
