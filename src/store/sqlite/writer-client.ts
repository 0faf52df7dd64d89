import { Worker } from 'node:worker_threads'
import type { StepOutcome } from './execute-statements.ts'
import type { OpenOptions } from './open-database.ts'
import type { PackedSteps } from './pack-steps.ts'

/**
 * A thread that commits, while this one computes the next steps. It pays with many runs at work: handing a step over costs a tenth of
 * saving it. The thread saves one batch at a time.
 */
export interface WriterClient {
  /**
   * The outcome of each step; null while the thread has not opened the file, or saves another batch. Rejects when the thread has
   * ended: the store then shows which steps were saved.
   */
  save(steps: PackedSteps): Promise<StepOutcome[]> | null
  close(): Promise<void>
}

interface Batch {
  resolve(outcomes: StepOutcome[]): void
  reject(error: Error): void
}

/**
 * Starts the thread that saves steps. It opens the store by itself and does not keep the process alive while it is idle. `threadFile` is
 * the path of its built code.
 */
export function openWriterClient(options: OpenOptions, threadFile: string): WriterClient {
  const worker = new Worker(threadFile, { workerData: options })
  worker.unref()
  let isReady = false
  let isClosing = false
  let ending: Error | null = null
  let batch: Batch | null = null
  const fail = (error: Error) => {
    ending = error
    batch?.reject(error)
    batch = null
  }
  worker.on('message', (message: 'ready' | StepOutcome[]) => {
    if (message === 'ready') {
      isReady = true
      return
    }
    // `close` waits for the thread, which must keep the process alive until then.
    if (!isClosing) worker.unref()
    batch?.resolve(message)
    batch = null
  })
  worker.on('error', fail)
  const ended = new Promise<void>((resolve) => worker.on('exit', () => resolve()))
  void ended.then(() => fail(new Error('the thread that saves steps has ended')))
  return {
    save(steps) {
      if (!isReady || isClosing || ending !== null || batch !== null) return null
      return new Promise((resolve, reject) => {
        worker.postMessage(steps)
        batch = { resolve, reject }
        worker.ref()
      })
    },
    async close() {
      if (ending !== null) return
      isClosing = true
      worker.ref()
      worker.postMessage(null)
      await ended
    },
  }
}
