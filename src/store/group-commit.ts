import type { EffectRow } from '../domain/effect.ts'
import type { BatchingStore, RunStore, SingleWrite, StepRequest } from './run-store.ts'

interface Queued {
  request: StepRequest | SingleWrite
  resolve(answer: EffectRow[] | boolean): void
  reject(reason: unknown): void
}

/** From this number of runs at work on, a batch holds half of them, so that one half works while the other half is saved. */
const RUNS_FOR_HALVES = 64

/**
 * Group commit: what many runs save, steps, approvals, signatures and the rest, waits in a queue that one `setImmediate` flushes as one
 * transaction, so that all share one fsync. A single run at work commits at once, because it has no other run to wait for. Promises resolve after the commit, so an
 * effect never starts before its step is durable.
 */
export function withGroupCommit(store: BatchingStore, runsAtWork: () => number): RunStore {
  let queue: Queued[] = []
  let isSaving = false

  const batchSize = () =>
    runsAtWork() < RUNS_FOR_HALVES ? Number.POSITIVE_INFINITY : Math.ceil(runsAtWork() / 2)

  /** Starts the next batch, unless one is being saved. */
  function flush(): void {
    if (isSaving || queue.length === 0) return
    isSaving = true
    const size = batchSize()
    const batch = queue.slice(0, size)
    queue = queue.slice(size)
    void saveBatch(batch)
  }

  async function saveBatch(batch: Queued[]): Promise<void> {
    const answers = await store.saveAll(batch.map(({ request }) => request)).catch(
      // The transaction failed. Whoever resumes those runs learns from the store which of the steps were saved.
      (reason) =>
        batch.map((): PromiseSettledResult<EffectRow[] | boolean> => ({ status: 'rejected', reason })),
    )
    // The next batch starts before the owners of this one continue their work.
    isSaving = false
    flush()
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'fulfilled') batch[index]!.resolve(answer.value)
      else batch[index]!.reject(answer.reason)
    }
  }

  const enqueue = <Answer extends EffectRow[] | boolean>(request: Queued['request']) =>
    new Promise<Answer>((resolve, reject) => {
      if (queue.length === 0) setImmediate(flush)
      queue.push({ request, resolve: resolve as Queued['resolve'], reject })
      if (queue.length >= batchSize()) flush()
    })
  const isAlone = () => runsAtWork() <= 1 && queue.length === 0 && !isSaving
  const written = async (write: SingleWrite) => void (await enqueue<boolean>(write))

  return {
    ...store,
    create: (step, lease) => (isAlone() ? store.create(step, lease) : enqueue({ step, lease })),
    advance: (step, lease, how = { mayBeLost: false }) =>
      isAlone() ? store.advance(step, lease, how) : enqueue({ step, lease, ...how }),
    saveApproval: (approval) => (isAlone() ? store.saveApproval(approval) : written({ approval })),
    saveCloseoutSignature: (closeoutSignature) =>
      isAlone() ? store.saveCloseoutSignature(closeoutSignature) : written({ closeoutSignature }),
    recordHold: (holdEntry, messages = []) =>
      isAlone() ? store.recordHold(holdEntry, messages) : written({ holdEntry, messages }),
    rememberModule: (machineModule, { moved }) =>
      isAlone() ? store.rememberModule(machineModule, { moved }) : enqueue({ machineModule, moved }),
  }
}
