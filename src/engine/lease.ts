import type { EffectRow, Owner } from '../domain/effect.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { Lease } from '../store/run-store.ts'
import type { EngineDeps } from './engine-deps.ts'

/** How long a claim on an effect holds without renewal, in milliseconds. */
export const LEASE_MS = 60_000

/** A lease from now on. */
export function currentLease({ clock, owner }: EngineDeps): Lease {
  return { owner: owner(), until: new Date(clock.now().getTime() + LEASE_MS).toISOString() }
}

/** Renews the claims of this process on a run until the answer is called. It does not keep the process alive. */
export function keepRenewing(deps: EngineDeps, runId: string): () => void {
  const renew = () => void deps.store.renew(runId, currentLease(deps)).catch(() => {})
  const heartbeat = setInterval(renew, LEASE_MS / 3)
  heartbeat.unref()
  return () => clearInterval(heartbeat)
}

/** The runs with a live write that was left behind and still works in this process, by the claim of this process. */
const leftBehind = new Set<string>()
const claimKey = ({ owner }: EngineDeps, runId: string) => `${owner().id} ${runId}`

/** Whether a live write of the run was left behind and still works in this process. */
export const isLeftBehind = (deps: EngineDeps, runId: string) => leftBehind.has(claimKey(deps, runId))

/**
 * Keeps the claim of this process on a live write that was left behind, until its work has ended. As long as it may write, a probe proves
 * nothing, so neither this process nor another one may settle it.
 */
export function keepClaimUntilEnd(deps: EngineDeps, runId: string, work: Promise<unknown>): void {
  const key = claimKey(deps, runId)
  const stopRenewing = keepRenewing(deps, runId)
  leftBehind.add(key)
  const end = async () => {
    stopRenewing()
    // It is freed first: a claim that this process makes afterwards has the same owner.
    await deps.store.release(runId, deps.owner()).catch(() => {})
    leftBehind.delete(key)
  }
  void work.then(end, end)
}

/** RUN_HELD by this process, because a write of the run was left behind in it. */
export function leftBehindError(deps: EngineDeps, runId: string): CutterError {
  const { host, pid } = deps.owner()
  return new CutterError(
    'RUN_HELD',
    `a write of run ${runId} ignored its signal and was left behind; it may still write, and process ${pid} on ${host} holds the run until it ends`,
    {
      next: `wait until that write or its process has ended, then: cutter run resume ${runId}, which asks the target first`,
      data: { runId, holder: { host, pid } },
    },
  )
}

/**
 * Checks that no other living process has claimed an effect of the run.
 * @throws RUN_HELD with the process
 */
export async function assertNotClaimed(deps: EngineDeps, run: Run): Promise<void> {
  for (const effect of await deps.store.effects(run.runId)) {
    if (isClaimedByOther(deps, effect)) throw runHeldError(run, effect)
  }
}

/**
 * Claims the effects of a run from owners that no longer live. `runEffect` settles what they started. With `evenLeftBehind` also a write that
 * was left behind in this process, which is then not settled.
 * @throws RUN_HELD when another living process has a claim, or a write was left behind in this one
 * @throws STORE_CONFLICT when another process moved the run after it was read
 */
export async function claimEffects(
  deps: EngineDeps,
  run: Run,
  { evenLeftBehind = false } = {},
): Promise<EffectRow[]> {
  if (!evenLeftBehind && isLeftBehind(deps, run.runId)) throw leftBehindError(deps, run.runId)
  const claimed: EffectRow[] = []
  for (const effect of await deps.store.effects(run.runId)) {
    if (isClaimedByOther(deps, effect)) throw runHeldError(run, effect)
    const own = await deps.store.claim(run.runId, effect.invokeId, effect, currentLease(deps))
    if (own === null) throw runHeldError(run, await findFasterClaim(deps, run, effect))
    claimed.push(own)
  }
  // The run was read before its effects. An effect of a later step belongs to a state that the caller has not seen.
  if (claimed.some(({ seq }) => seq > run.seq)) {
    await deps.store.release(run.runId, deps.owner())
    throw movedError(run)
  }
  return claimed
}

/** STORE_CONFLICT because another process moved the run after it was read here. */
export function movedError({ runId }: Run): CutterError {
  return new CutterError(
    'STORE_CONFLICT',
    `run ${runId} was moved by another process in the meantime; nothing was changed here`,
    { next: `cutter run show ${runId}` },
  )
}

/** Another process was faster. Finds the effect as that process claimed it. */
async function findFasterClaim({ store }: EngineDeps, { runId }: Run, effect: EffectRow): Promise<EffectRow> {
  const [now] = await store.effects(runId)
  return now ?? { ...effect, owner: null }
}

/** Whether another living process has claimed an effect of the run. */
export const isHeldByOther = async (deps: EngineDeps, runId: string): Promise<boolean> =>
  (await deps.store.effects(runId)).some((effect) => isClaimedByOther(deps, effect))

/** A dead owner has no claim. An owner of whom nobody knows whether it lives has one until its lease ends. */
function isClaimedByOther(deps: EngineDeps, { owner, leaseUntil }: EffectRow): boolean {
  if (owner === null || leaseUntil === null || sameOwner(owner, deps.owner())) return false
  const alive = deps.ownerAlive(owner)
  return alive === 'unknown' ? Date.parse(leaseUntil) > deps.clock.now().getTime() : alive
}

/** Whether two owners are the same process. Claims of earlier versions name none that is known. */
export const sameOwner = (a: Owner, b: Owner) => a.id !== undefined && a.id === b.id

/** RUN_HELD with the process that claimed an effect of the run. */
function runHeldError(run: Run, { name, owner, leaseUntil }: EffectRow): CutterError {
  const who = owner === null ? 'another process' : `process ${owner.pid} on ${owner.host}`
  return new CutterError(
    'RUN_HELD',
    `run ${run.runId} is held by ${who}, which works on ${name}; nothing was changed here`,
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

/**
 * Does a task that moves a run. Two processes may move a run at the same moment: the store accepts one, and the other gets RUN_HELD with the
 * process of the first.
 */
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
