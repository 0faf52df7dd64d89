import { findUnsettledWrites, listBegunWrites } from '../../src/domain/begun-writes.ts'
import type { Owner } from '../../src/domain/effect.ts'
import { hashEntry } from '../../src/domain/history.ts'
import type { Run } from '../../src/domain/run.ts'
import { sameOwner } from '../../src/engine/lease.ts'
import type { RunStore, StepRequest } from '../../src/store/run-store.ts'
import { Violation } from './scheduler.ts'
import type { SimulatedTarget } from './simulated-target.ts'

/** What must hold after each step, seen from outside of the engine. */

/** Who had the claim on the effect that a step settles, right before it was saved. */
const claims = new WeakMap<StepRequest, Owner | null>()

export async function readClaim(store: RunStore, request: StepRequest): Promise<void> {
  const { run, effectDone } = request.step
  if (effectDone === null) return
  const row = (await store.effects(run.runId)).find(({ invokeId }) => invokeId === effectDone)
  claims.set(request, row?.owner ?? null)
}

/** What a world remembers of each run: its newest entry. */
export type Heads = Map<string, Pick<Run, 'seq' | 'head' | 'status'>>

/** The entry follows the newest one, and a closed run stays as it is. */
export async function assertSaved(
  store: RunStore,
  target: SimulatedTarget,
  heads: Heads,
  request: StepRequest,
): Promise<void> {
  const { step, lease } = request
  const { run, entry } = step
  const { runId } = run
  const before = heads.get(runId)
  const fault = (text: string) => new Violation(`${runId}, entry ${entry.seq}: ${text}`)
  if (before?.status === 'closed') throw fault('a closed run was changed')
  if (entry.seq !== (before?.seq ?? 0) + 1) throw fault(`it follows ${before?.seq}`)
  if (before !== undefined && entry.previousHash !== before.head) throw fault('it follows another entry')
  if (hashEntry(entry) !== entry.hash) throw fault('its hash is of another entry')
  heads.set(runId, { seq: run.seq, head: run.head, status: run.status })
  if ((await store.run(runId))?.head !== run.head) throw fault('the store has another head')
  const owner = claims.get(request)
  if (owner != null && !sameOwner(owner, lease.owner))
    throw fault(`${step.effectDone} is settled by a process without its claim`)
  if (step.approvalUsed !== null) await assertGatesPassed(store, run)
  if (run.status === 'closed') await assertTrueCloseout(store, target, run)
}

/** A live run that wrote has used an approval, once. */
async function assertGatesPassed(store: RunStore, { runId }: Run): Promise<void> {
  const used = (await store.approvals(runId)).flatMap(({ usedSeq }) => usedSeq ?? [])
  if (new Set(used).size !== used.length) throw new Violation(`${runId} used two approvals in one entry`)
}

/** What a closed run says of its writes is what the target has. */
export async function assertTrueCloseout(store: RunStore, target: SimulatedTarget, run: Run): Promise<void> {
  const { runId, mode, outcome } = run
  const history = await store.history(runId)
  const committed = (effect: string) => target.committed(runId, effect)
  if (mode !== 'live') {
    for (const effect of ['first', 'second'])
      if (committed(effect) > 0) throw new Violation(`${runId} is a dry run, and the target has ${effect}`)
    return
  }
  const [unsettled] = findUnsettledWrites(history)
  if (unsettled !== undefined) throw new Violation(`${runId} closed with ${unsettled.effect} unsettled`)
  const named = new Set(
    listBegunWrites(history).flatMap((one) => (one.committed === 'yes' ? one.effect : [])),
  )
  for (const effect of ['first', 'second']) {
    const times = committed(effect)
    if (times > 1) throw new Violation(`${runId} committed ${effect} ${times} times`)
    if (times === 1 && !named.has(effect))
      throw new Violation(`${runId} closed as ${outcome} and says nothing of ${effect}, which the target has`)
    if (times === 0 && named.has(effect))
      throw new Violation(
        `${runId} closed as ${outcome} and says that ${effect} was committed, which the target has not`,
      )
    if (outcome === 'succeeded' && times === 0) throw new Violation(`${runId} succeeded without ${effect}`)
  }
}
