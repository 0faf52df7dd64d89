import { createReadStream } from 'node:fs'
import { FRAME } from '../client/frames.ts'
import { CutterError } from '../domain/errors.ts'
import type { Output } from '../service/write-output.ts'
import type { Io } from './io.ts'
import { currentPlace } from './place.ts'

/**
 * Reads `--out`: a path, or `-` for stdout, which then has the file and nothing else.
 * @throws USAGE when stdout is for JSON or a terminal
 */
export function readOutput(io: Io, out: string): Output {
  if (out !== '-') return fileOfClient() ?? out
  const why = io.json ? '--json prints there' : currentPlace().stdout.isTerminal ? 'it is a terminal' : null
  if (why === null) return io.outFile
  throw new CutterError('USAGE', `--out - would write the file to stdout, but ${why}; nothing was written`, {
    next: 'name a file, or send stdout to a file or pipe',
  })
}

/** A client of the service writes the file itself. */
function fileOfClient(): Output | null {
  const { served } = currentPlace()
  const out = served?.request.out
  if (served == null || out == null) return null
  return {
    ...out,
    async send(path, file) {
      await served.write(FRAME.file, Buffer.from(path))
      for await (const part of createReadStream(file)) await served.write(FRAME.data, part as Buffer)
    },
  }
}

/** The streams for what people read about a file that stdout carries. */
export const asideOf = (io: Io, out: string): Io => (out === '-' ? { ...io, out: io.err } : io)
