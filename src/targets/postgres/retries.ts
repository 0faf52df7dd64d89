import { setTimeout as sleep } from 'node:timers/promises'
import { ConnectFailedError, errorCodeOf, isConnectionLost } from './connection-errors.ts'

/** Pauses before the next attempts, in milliseconds. They grow, because a server that was restarted needs some seconds. */
const PAUSES_MS = [100, 300, 900, 2_700]

/** The transaction lost against another one (serialization failure, deadlock). The server rolled it back, so it may be done again. */
const isConflict = (error: unknown) => ['40001', '40P01'].includes(errorCodeOf(error) ?? '')

/**
 * Does one transaction of ours, and does it again, a few times and with growing pauses, when the server rolled it back in favour of another
 * one. A read is done again also when it lost its connection.
 * @param work the complete transaction, with a session of its own
 * @throws what the last attempt threw
 */
export async function withRetries<T>(
  kind: 'read' | 'write',
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  let lost = false
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      lost ||= isConnectionLost(error)
      // A server that just lost the session may refuse the next one while it starts again.
      const isReadAgain =
        kind === 'read' && lost && (isConnectionLost(error) || error instanceof ConnectFailedError)
      const pause = isConflict(error) || isReadAgain ? PAUSES_MS[attempt] : undefined
      if (pause === undefined || signal?.aborted) throw error
      await sleep(pause, undefined, { signal }).catch(() => {
        throw error
      })
    }
  }
}
