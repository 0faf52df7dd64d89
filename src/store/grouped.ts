import type { EffectRow } from '../domain/effect.ts'
import type { Step } from '../domain/step.ts'
import type { BatchingStore, Lease, RunStore } from '../domain/store.ts'

interface Waiting {
  step: Step
  lease: Lease
  resolve(effects: EffectRow[]): void
  reject(reason: unknown): void
}

/**
 * Group commit: the steps of many runs wait in a queue that one `setImmediate` flushes as one transaction, so that they
 * share one fsync. With a single run at work there is nobody to wait for, and it commits at once. Promises are resolved
 * after the commit, so an effect never starts before its step is durable.
 */
export function grouped(store: BatchingStore, runsAtWork: () => number): RunStore {
  let queue: Waiting[] = []

  async function flush(): Promise<void> {
    const batch = queue
    queue = []
    try {
      const results = await store.saveAll(batch)
      for (const [index, result] of results.entries()) {
        if (result.status === 'fulfilled') batch[index]!.resolve(result.value)
        else batch[index]!.reject(result.reason)
      }
    } catch (error) {
      // The transaction as a whole failed: nothing of it was saved.
      for (const waiting of batch) waiting.reject(error)
    }
  }

  const save = (step: Step, lease: Lease) =>
    new Promise<EffectRow[]>((resolve, reject) => {
      if (queue.length === 0) setImmediate(flush)
      queue.push({ step, lease, resolve, reject })
    })
  const alone = () => runsAtWork() <= 1 && queue.length === 0

  return {
    ...store,
    create: (step, lease) => (alone() ? store.create(step, lease) : save(step, lease)),
    advance: (step, lease) => (alone() ? store.advance(step, lease) : save(step, lease)),
  }
}
