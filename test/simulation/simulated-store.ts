import { CutterError } from '../../src/domain/errors.ts'
import type { BatchingStore, RunStore, SingleWrite, StepRequest } from '../../src/store/run-store.ts'
import type { Choices } from './choices.ts'
import type { Scheduler } from './scheduler.ts'

/** What a world learns of its store. */
export interface StoreObserver {
  /** Before a step is saved. */
  beforeStep(request: StepRequest): Promise<void>
  /** After something was changed. `mayBeLost`: a loss of power may take it back. */
  changed(change: { step?: StepRequest; mayBeLost: boolean }): Promise<void>
}

const READS =
  /^(?:run|storedRun|runByKey|list|listWaiting|count|history|effects|timers|approval|approvals|approvalsNaming|evidence|evidenceOf|executionSwitch|hold|resumableRun)$/

/**
 * The store as one process has it: the real driver, whose calls wait for the scheduler before and after. A write may fail before it is saved, and
 * after it, as with a disk that is full or a connection that is lost.
 */
export function storeOf(
  plain: BatchingStore,
  {
    scheduler,
    choices,
    observer,
    isHealthy,
  }: { scheduler: Scheduler; choices: Choices; observer: StoreObserver; isHealthy(): boolean },
): BatchingStore {
  const failed = () => new CutterError('STORE_UNWRITABLE', 'the disk does not answer')
  const call = async (method: Exclude<keyof BatchingStore, 'clock'>, given: unknown[]) => {
    await scheduler.pause()
    const isWrite = !READS.test(method)
    const fault = isWrite && !isHealthy() ? choices.rarely(0.03, 3) : 0
    if (fault === 1) throw failed()
    const requests = stepsOf(method, given)
    for (const request of requests) await observer.beforeStep(request)
    const result = await (plain[method] as (...given: unknown[]) => Promise<unknown>)(...given)
    if (isWrite) await tellObserver(observer, method, given, requests, result)
    await scheduler.pause()
    if (fault === 2) throw failed()
    return result
  }
  return new Proxy({} as BatchingStore, {
    // Promises ask whatever they are given for `then`.
    get: (_, method: Exclude<keyof BatchingStore, 'clock'>) =>
      method in plain ? (...given: unknown[]) => call(method, given) : undefined,
    ownKeys: () => Object.keys(plain),
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
  })
}

function stepsOf(method: keyof RunStore | 'saveAll', given: unknown[]): StepRequest[] {
  if (method === 'create' || method === 'advance') {
    const [step, lease, how] = given as Parameters<RunStore['advance']>
    return [{ step, lease, mayBeLost: how?.mayBeLost === true }]
  }
  if (method !== 'saveAll') return []
  return (given[0] as (StepRequest | SingleWrite)[]).filter((one): one is StepRequest => 'step' in one)
}

async function tellObserver(
  observer: StoreObserver,
  method: string,
  given: unknown[],
  requests: StepRequest[],
  result: unknown,
): Promise<void> {
  if (method !== 'saveAll')
    return observer.changed({
      ...(requests[0] && { step: requests[0] }),
      mayBeLost: requests[0]?.mayBeLost === true,
    })
  const all = given[0] as (StepRequest | SingleWrite)[]
  const settled = result as PromiseSettledResult<unknown>[]
  const mayBeLost = all.every((one) => 'step' in one && one.mayBeLost === true)
  for (const [index, one] of all.entries())
    if (settled[index]!.status === 'fulfilled')
      await observer.changed({ ...('step' in one && { step: one }), mayBeLost })
}
