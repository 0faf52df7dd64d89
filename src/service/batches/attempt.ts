import type { App } from '../../app/open-app.ts'
import { CutterError } from '../../domain/errors.ts'
import type { BatchRefusal } from './batch-file.ts'

/**
 * Does the work for one document. Returns its error without secrets, so that the other documents continue; null when it succeeded.
 * Only an interrupt is thrown, and ends all of them.
 */
export async function attempt(
  work: () => Promise<unknown>,
  { interrupt, secrets }: App['deps'],
): Promise<BatchRefusal | null> {
  try {
    await work()
    return null
  } catch (error) {
    if (interrupt.aborted && !(error instanceof CutterError)) throw error
    const refusal = describeRefusal(error)
    return secrets?.redactWords(refusal) ?? refusal
  }
}

function describeRefusal(error: unknown): BatchRefusal {
  if (error instanceof CutterError) {
    const { code, message, next } = error
    return { code, message, ...(next === undefined ? {} : { next }) }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'INTERNAL', message: `internal error: ${message}` }
}

/** Ends a batch at the operator's interrupt. */
export function assertNotInterrupted(interrupt: AbortSignal): void {
  if (interrupt.aborted) throw new Error('interrupted')
}
