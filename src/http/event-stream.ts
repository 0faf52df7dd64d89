import type { HistoryEntry } from '../domain/history-entry.ts'
import { RequestError } from './problem.ts'

/** How long a stream lives, in milliseconds. Then the client connects again, and its token is read again. */
const LIFE_MS = 5 * 60_000
/** How often a stream without events says that it lives, in milliseconds. */
const HEARTBEAT_MS = 15_000

/** Aborts when a stream has lived long enough. */
export const endOfStream = () => AbortSignal.timeout(LIFE_MS)

/**
 * Reads the header `Last-Event-ID`, `<run>:<seq>`, as the `seq` of the last entry that the client has; 0 without the header.
 * @throws RequestError 400
 */
export function readLastEventId(given: string | undefined): number {
  if (given === undefined) return 0
  const [, seq] = /^[^:\s]+:(\d{1,9})$/.exec(given) ?? []
  if (seq !== undefined) return Number(seq)
  throw new RequestError(
    400,
    'Last-Event-ID is not the id of an event; nothing was done',
    'leave it out to begin at the start',
  )
}

/**
 * Server-sent events (WHATWG HTML, section 9.2) of the entries of a run. Entries are asked for when the client has taken those before, so a
 * slow client keeps no memory here. The stream ends when the token no longer counts, which is checked with each entry, and as often
 * as the run is read.
 */
export function eventStream(
  runId: string,
  entries: AsyncGenerator<HistoryEntry | null, void>,
  assertTokenCounts: () => Promise<unknown>,
): ReadableStream<Uint8Array> {
  let spoke = Date.now()
  return new ReadableStream({
    async pull(controller) {
      for (;;) {
        const { done, value } = await entries.next()
        if (done === true) return controller.close()
        if (!(await counts(assertTokenCounts))) {
          await entries.return()
          return controller.close()
        }
        const isDue = Date.now() - spoke > HEARTBEAT_MS
        if (value === null && !isDue) continue
        spoke = Date.now()
        const event = value === null ? ': still here\n\n' : textOf(runId, value)
        return controller.enqueue(Buffer.from(event))
      }
    },
    async cancel() {
      await entries.return()
    },
  })
}

const counts = (assertTokenCounts: () => Promise<unknown>) =>
  assertTokenCounts().then(
    () => true,
    () => false,
  )

/** JSON has no raw line ends, so an entry is one line. */
const textOf = (runId: string, entry: HistoryEntry) =>
  `id: ${runId}:${entry.seq}\nevent: entry\ndata: ${JSON.stringify({ runId, ...entry })}\n\n`
