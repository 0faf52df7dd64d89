/** Reads one answer of HTTP/1.1 from the bytes of its connection. */
export interface ResponseReader {
  /** @throws Error when they are no answer of HTTP/1.1 */
  push(bytes: Buffer): void
  /** Null before it is known. */
  status(): number | null
  /** Whether the body is complete, as far as its head tells. */
  isComplete(): boolean
}

const HEAD_END = '\r\n\r\n'
const MAX_HEAD = 64 * 1024

/** `take` gets the bytes of the body as they arrive. */
export function createResponseReader(take: (bytes: Buffer) => void): ResponseReader {
  let kept: Buffer = Buffer.alloc(0)
  let status: number | null = null
  let isChunked = false
  let hasEnded = false
  /** Bytes of a body of known length that are still to come. */
  let missing = 0
  /** Bytes of the chunk that are still to come; -1 before the size of the next one is known. */
  let left = -1

  const readHead = (): boolean => {
    const end = kept.indexOf(HEAD_END)
    if (end < 0) {
      if (kept.length > MAX_HEAD) throw new Error('it does not speak HTTP/1.1')
      return false
    }
    const head = kept.toString('latin1', 0, end).toLowerCase()
    const [, code] = /^http\/1\.[01] (\d{3})/.exec(head) ?? []
    if (code === undefined) throw new Error('it does not speak HTTP/1.1')
    status = Number(code)
    missing = Number(/\r\ncontent-length: *(\d+)/.exec(head)?.[1] ?? 0)
    isChunked = /\r\ntransfer-encoding:[^\r]*chunked/.test(head)
    kept = kept.subarray(end + HEAD_END.length)
    return true
  }

  const readChunks = () => {
    for (;;) {
      if (left < 0) {
        const end = kept.indexOf('\r\n')
        if (end < 0) return
        const size = Number.parseInt(kept.toString('latin1', 0, end), 16)
        if (!(size >= 0)) throw new Error('its chunks have no size')
        kept = kept.subarray(end + 2)
        left = size
        if (size === 0) hasEnded = true
      }
      const part = kept.subarray(0, left)
      if (part.length > 0) take(part)
      kept = kept.subarray(part.length)
      left -= part.length
      // A chunk ends with a line end. The last one is empty, and what follows it says nothing.
      if (left > 0 || kept.length < 2) return
      kept = kept.subarray(2)
      left = -1
    }
  }

  return {
    push(bytes) {
      kept = kept.length === 0 ? bytes : Buffer.concat([kept, bytes])
      if (status === null && !readHead()) return
      if (isChunked) return readChunks()
      const body = kept
      kept = Buffer.alloc(0)
      missing -= body.length
      if (body.length > 0) take(body)
    },
    status: () => status,
    isComplete: () => status !== null && (isChunked ? hasEnded : missing <= 0),
  }
}
