import { writeSync } from 'node:fs'
import type { Socket } from 'node:net'

/** Descriptors that do not take everything at once. */
const slow = new Set<number>()

/**
 * Writes to stdout or stderr. At once, since opening `process.stdout` costs more than the rest of a client; where that is not possible, as
 * with a full pipe that does not block, by the stream of Node, and `source` waits for it.
 */
export function writeAll(descriptor: 1 | 2, content: string | Uint8Array, source?: Socket): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  let at = 0
  try {
    while (!slow.has(descriptor) && at < bytes.length) at += writeSync(descriptor, bytes, at)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EPIPE') endWithReader()
    if (code !== 'EAGAIN') throw error
    slow.add(descriptor)
    stream(descriptor).on('error', endWithReader)
  }
  if (at === bytes.length) return
  // What the buffer lies in is used again.
  const isTaken = stream(descriptor).write(Buffer.from(bytes.subarray(at)))
  if (isTaken || source === undefined) return
  source.pause()
  stream(descriptor).once('drain', () => source.resume())
}

let readerEnded = false

/** Whether this process ends because the reader of its output has ended. */
export const hasReaderEnded = () => readerEnded

/** Ends this process: the reader of its output, such as head or less, has ended. */
export function endWithReader(): never {
  readerEnded = true
  process.exit(0)
}

const stream = (descriptor: 1 | 2) => (descriptor === 1 ? process.stdout : process.stderr)
