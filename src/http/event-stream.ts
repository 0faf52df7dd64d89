import type { EntryName, Followed, FollowedEntry } from '../service/runs/follow.ts'
import { RequestError } from './problem.ts'

/** How long a stream lives, in milliseconds. Then the client connects again, and its token is read again. */
const LIFE_MS = 5 * 60_000
/** How often a stream without events says that it lives, in milliseconds. */
const HEARTBEAT_MS = 15_000

/** Aborts when a stream has lived long enough. */
export const endOfStream = () => AbortSignal.timeout(LIFE_MS)

/**
 * Reads the header `Last-Event-ID`, `<run>:<seq>`, as the entry that the client has last; null without the header.
 * @throws RequestError 400
 */
export function readLastEventId(given: string | undefined): EntryName | null {
  if (given === undefined) return null
  const [, runId, seq] = /^([^:\s]+):(\d{1,9})$/.exec(given) ?? []
  if (runId !== undefined) return { runId, seq: Number(seq) }
  throw noEventError()
}

export const noEventError = () =>
  new RequestError(
    400,
    'Last-Event-ID is not the id of an event here; nothing was done',
    'leave it out to begin at the start',
  )

/**
 * Server-sent events (WHATWG HTML, section 9.2) of entries. Entries are asked for when the client has taken those before, so a
 * slow client keeps no memory here. The stream ends when the token no longer counts, which is checked with each entry, and as often
 * as the store is read. It begins with a comment: what is saved after that is in the stream.
 */
export function eventStream(
  entries: Followed,
  assertTokenCounts: () => Promise<unknown>,
): ReadableStream<Uint8Array> {
  let spoke = Date.now()
  return new ReadableStream({
    start(controller) {
      controller.enqueue(Buffer.from(': open\n\n'))
    },
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
        return controller.enqueue(value === null ? Buffer.from(': still here\n\n') : bytesOf(value))
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

/** The bytes of entries that several streams send. */
const sent = new WeakMap<FollowedEntry['entry'], Uint8Array>()

/** JSON has no raw line ends, so an entry is one line. */
function bytesOf({ runId, entry }: FollowedEntry): Uint8Array {
  const made =
    sent.get(entry) ??
    Buffer.from(`id: ${runId}:${entry.seq}\nevent: entry\ndata: ${JSON.stringify({ runId, ...entry })}\n\n`)
  sent.set(entry, made)
  return made
}

/** A stream that says when it ends, whoever ends it. */
export function withEnd(response: Response, end: () => void): Response {
  const reader = response.body!.getReader()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        end()
        throw error
      })
      if (!done) return controller.enqueue(value)
      end()
      controller.close()
    },
    async cancel(reason) {
      end()
      await reader.cancel(reason)
    },
  })
  return new Response(body, response)
}
