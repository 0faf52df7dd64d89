import { CutterError } from '../domain/errors.ts'
import type { Output } from '../service/write-output.ts'
import type { Io } from './io.ts'

/**
 * Reads `--out`: a path, or `-` for stdout, which then has the file and nothing else.
 * @throws USAGE when stdout is for JSON or a terminal
 */
export function readOutput(io: Io, out: string): Output {
  if (out !== '-') return out
  const why = io.json ? '--json prints there' : process.stdout.isTTY === true ? 'it is a terminal' : null
  if (why === null) return io.outFile
  throw new CutterError('USAGE', `--out - would write the file to stdout, but ${why}; nothing was written`, {
    next: 'name a file, or send stdout to a file or pipe',
  })
}

/** The streams for what people read about a file that stdout carries. */
export const asideOf = (io: Io, out: string): Io => (out === '-' ? { ...io, out: io.err } : io)
