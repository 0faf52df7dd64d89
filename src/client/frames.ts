/**
 * The answer to a command that a client sends to the service: frames, one after the other. Each is one byte for its kind, four bytes for the
 * length of its content (big-endian), and the content. The answer is complete with the frame `exit`, and only then.
 */
export const FRAME = {
  /** Bytes for stdout. */
  out: 1,
  /** Bytes for stderr. */
  err: 2,
  /** Begins the file of `--out`: its absolute path, as UTF-8. */
  file: 3,
  /** Bytes of that file. */
  data: 4,
  /** Nothing; keeps the connection from looking dead. */
  alive: 5,
  /** The exit code, as decimal digits. */
  exit: 6,
  /** A file that the command reads and the client has not sent: JSON. Nothing was done; the client sends the command again. */
  needs: 7,
} as const

export type FrameKind = (typeof FRAME)[keyof typeof FRAME]

/** The media type of such an answer. */
export const FRAMES_TYPE = 'application/vnd.cutter.frames'

const HEAD_BYTES = 5
/** A longer content is cut into several frames, so that a reader needs little memory. */
const MAX_CONTENT = 256 * 1024

/** Makes the frames of one piece of content. */
export function framesOf(kind: FrameKind, content: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = []
  let at = 0
  do {
    const part = content.subarray(at, at + MAX_CONTENT)
    const head = Buffer.alloc(HEAD_BYTES)
    head.writeUInt8(kind, 0)
    head.writeUInt32BE(part.length, 1)
    frames.push(Buffer.concat([head, part]))
    at += MAX_CONTENT
  } while (at < content.length)
  return frames
}

/**
 * Reads frames from the bytes of an answer as they arrive. `take` gets each complete frame.
 * @throws Error when a frame is longer than frames may be
 */
export function createFrameReader(take: (kind: number, content: Buffer) => void): {
  push(bytes: Buffer): void
  /** Whether it stands between two frames. */
  isAtEnd(): boolean
} {
  let kept: Buffer = Buffer.alloc(0)
  return {
    push(bytes) {
      kept = kept.length === 0 ? bytes : Buffer.concat([kept, bytes])
      while (kept.length >= HEAD_BYTES) {
        const length = kept.readUInt32BE(1)
        if (length > MAX_CONTENT) throw new Error('it does not speak as Cutter does')
        if (kept.length < HEAD_BYTES + length) return
        const content = kept.subarray(HEAD_BYTES, HEAD_BYTES + length)
        const kind = kept[0]!
        kept = kept.subarray(HEAD_BYTES + length)
        take(kind, content)
      }
    },
    isAtEnd: () => kept.length === 0,
  }
}
