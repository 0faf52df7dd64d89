import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { FRAME, type FrameKind } from '../client/frames.ts'
import type { CommandCall, CommandLine } from '../service/command-line.ts'
import { inPlace, type Place } from './place.ts'
import { runProgram } from './run-program.ts'

/** Performs a command of a client: the same program, with the client’s streams. */
export const performServed: CommandLine = async (call) => {
  let exitCode = 0
  const { out, err, columns, color } = call.request.terminal
  const place: Place = {
    stdout: { writable: sending(call, FRAME.out), isTerminal: out, columns: columns ?? undefined },
    stderr: { writable: sending(call, FRAME.err), isTerminal: err, columns: columns ?? undefined },
    color,
    exit: (code) => {
      exitCode = code
    },
    command: '',
    served: call,
  }
  await inPlace(place, () => runProgram(call.request.argv))
  for (const { writable } of [place.stdout, place.stderr]) {
    writable.end()
    await finished(writable)
  }
  return exitCode
}

const sending = ({ write }: CommandCall, kind: FrameKind) =>
  new Writable({
    decodeStrings: true,
    write: (bytes: Buffer, _, done) => void write(kind, bytes).then(() => done(), done),
  })
