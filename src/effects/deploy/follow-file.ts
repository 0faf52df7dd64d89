import { open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** Bytes that are read at once. */
const CHUNK = 256 * 1024
/** How long the reader waits for more, in milliseconds. */
const WAIT_MS = 2

/**
 * Reads a file while a program writes it, up to its end. So the program never waits for its reader, as it would at the end of a pipe.
 * @param writing settles when nothing more is written. Its failure is left to whoever waits for it.
 */
export async function* followFile(path: string, writing: Promise<unknown>): AsyncGenerator<Buffer> {
  let hasEnded = false
  const end = () => {
    hasEnded = true
  }
  const ended = writing.then(end, end)
  const file = await open(path, 'r')
  try {
    for (;;) {
      const isComplete = hasEnded
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, null)
      if (bytesRead > 0) yield buffer.subarray(0, bytesRead)
      else if (isComplete) return
      if (bytesRead < CHUNK && !hasEnded) await Promise.race([ended, sleep(WAIT_MS)])
    }
  } finally {
    await file.close()
  }
}
