import { Worker } from 'node:worker_threads'
import type { StepOutcome } from './execute-statements.ts'
import type { OpenOptions } from './open-database.ts'
import type { PackedSteps } from './pack-steps.ts'

/**
 * A thread that commits, so that this one computes the next steps meanwhile. It pays with many runs at work: handing a step over
 * costs a tenth of saving it. One batch is on its way at a time.
 */
export interface WriterClient {
  /**
   * Null until the thread has opened the file; then what came of each step. Rejects when the thread is gone: which of its steps were
   * saved, the store tells.
   */
  save(rows: PackedSteps): Promise<StepOutcome[]> | null
  close(): Promise<void>
}

export function openWriterClient(options: OpenOptions, threadFile: string): WriterClient {
  const worker = new Worker(threadFile, { workerData: options })
  worker.unref()
  let ready = false
  let gone: Error | null = null
  let closing = false
  let waiting: { resolve(outcomes: StepOutcome[]): void; reject(error: Error): void } | null = null
  const leave = (error: Error) => {
    gone = error
    waiting?.reject(error)
    waiting = null
  }
  worker.on('message', (message: 'ready' | StepOutcome[]) => {
    if (message === 'ready') {
      ready = true
      return
    }
    // Who waits for the end would wait for ever if the process ended first.
    if (!closing) worker.unref()
    waiting?.resolve(message)
    waiting = null
  })
  worker.on('error', leave)
  const ended = new Promise<void>((resolve) => worker.on('exit', () => resolve()))
  void ended.then(() => leave(new Error('the thread that saves steps has ended')))
  return {
    save(rows) {
      if (!ready || closing || gone !== null || waiting !== null) return null
      return new Promise((resolve, reject) => {
        worker.postMessage(rows)
        waiting = { resolve, reject }
        worker.ref()
      })
    },
    async close() {
      if (gone !== null) return
      closing = true
      worker.ref()
      worker.postMessage(null)
      await ended
    },
  }
}
