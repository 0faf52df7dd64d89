import type { Batch, BatchOutcomes } from './execute-statements.ts'
import type { OpenOptions } from './open-database.ts'

/**
 * A thread that commits, while this one computes the next steps. It pays with many runs at work: handing a step over costs a tenth of
 * saving it. The thread saves one batch at a time.
 */
export interface WriterClient {
  /**
   * The outcome of each part; null while the thread has not opened the file, or saves another batch. Rejects when the thread has
   * ended: the store then shows which steps were saved.
   */
  save(batch: Batch): Promise<BatchOutcomes> | null
  close(): Promise<void>
}

interface Saving {
  resolve(outcomes: BatchOutcomes): void
  reject(error: Error): void
}

/** Where the thread keeps objects that soon die. Its batches are small, and without a limit it takes as much as the thread that works. */
const WRITER_NURSERY_MB = 8

/**
 * Starts the thread that saves steps. It opens the store by itself and does not keep the process alive while it is idle. `threadFile` is
 * the path of its built code.
 */
export function openWriterClient(options: OpenOptions, threadFile: string): WriterClient {
  // Loaded here, because most commands save too little for a thread.
  const { Worker } = process.getBuiltinModule('node:worker_threads')
  const worker = new Worker(threadFile, {
    workerData: options,
    resourceLimits: { maxYoungGenerationSizeMb: WRITER_NURSERY_MB },
  })
  worker.unref()
  let isReady = false
  let isClosing = false
  let ending: Error | null = null
  let saving: Saving | null = null
  const fail = (error: Error) => {
    ending = error
    saving?.reject(error)
    saving = null
  }
  worker.on('message', (message: 'ready' | BatchOutcomes) => {
    if (message === 'ready') {
      isReady = true
      return
    }
    // `close` waits for the thread, which must keep the process alive until then.
    if (!isClosing) worker.unref()
    saving?.resolve(message)
    saving = null
  })
  worker.on('error', fail)
  const ended = new Promise<void>((resolve) => worker.on('exit', () => resolve()))
  void ended.then(() => fail(new Error('the thread that saves steps has ended')))
  return {
    save(batch) {
      if (!isReady || isClosing || ending !== null || saving !== null) return null
      return new Promise((resolve, reject) => {
        worker.postMessage(batch)
        saving = { resolve, reject }
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
