import type { EffectRow } from '../domain/effect.ts'
import type { Step } from '../domain/step.ts'
import type { BatchingStore, Lease, RunStore } from './run-store.ts'

interface Waiting {
  step: Step
  lease: Lease
  resolve(effects: EffectRow[]): void
  reject(reason: unknown): void
}

/** From how many runs at work on they take turns: while the steps of one half are saved, the other half is at work. */
const TAKING_TURNS = 64

/**
 * Group commit: the steps of many runs wait in a queue that one `setImmediate` flushes as one transaction, so that they
 * share one fsync. With a single run at work there is nobody to wait for, and it commits at once. Promises are resolved
 * after the commit, so an effect never starts before its step is durable.
 */
export function withGroupCommit(store: BatchingStore, runsAtWork: () => number): RunStore {
  let queue: Waiting[] = []
  let saving = false

  /** How many steps are enough for a batch: with many runs at work the half of them, so that the other half works meanwhile. */
  const enough = () => (runsAtWork() < TAKING_TURNS ? Number.POSITIVE_INFINITY : Math.ceil(runsAtWork() / 2))

  /** One batch at a time: what comes while it is being saved is for the next one. */
  function flush(): void {
    if (saving || queue.length === 0) return
    saving = true
    const size = enough()
    const batch = queue.slice(0, size)
    queue = queue.slice(size)
    void saved(batch)
  }

  async function saved(batch: Waiting[]): Promise<void> {
    const answers = await store.saveAll(batch).catch(
      // The batch as a whole failed. What of it was saved after all, the store tells whoever takes those runs up.
      (reason) => batch.map((): PromiseSettledResult<EffectRow[]> => ({ status: 'rejected', reason })),
    )
    // First the next batch goes on its way, then its owners go to work.
    saving = false
    flush()
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'fulfilled') batch[index]!.resolve(answer.value)
      else batch[index]!.reject(answer.reason)
    }
  }

  const save = (step: Step, lease: Lease) =>
    new Promise<EffectRow[]>((resolve, reject) => {
      if (queue.length === 0) setImmediate(flush)
      queue.push({ step, lease, resolve, reject })
      if (queue.length >= enough()) flush()
    })
  const alone = () => runsAtWork() <= 1 && queue.length === 0 && !saving

  return {
    ...store,
    create: (step, lease) => (alone() ? store.create(step, lease) : save(step, lease)),
    advance: (step, lease) => (alone() ? store.advance(step, lease) : save(step, lease)),
  }
}
