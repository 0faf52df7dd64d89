import { AsyncLocalStorage } from 'node:async_hooks'
import type { Writable } from 'node:stream'
import { allowsColor, widthToFit } from '../client/terminal.ts'
import type { CommandCall } from '../service/command-line.ts'

/** What a command is performed in: this process, or the service on behalf of a client. */
export interface Place {
  stdout: Stream
  stderr: Stream
  /** Whether whoever reads the output allows colours. */
  color: boolean
  /** Sets the exit code of the command. */
  exit(code: number): void
  /** The name of the command, such as `run show`. */
  command: string
  /** The call of a client; null in a process of its own. */
  served: CommandCall | null
}

interface Stream {
  writable: Writable
  isTerminal: boolean
  /** The width that lines are fitted to, in characters; undefined where nothing is cut or broken. */
  columns: number | undefined
}

const places = new AsyncLocalStorage<Place>()

const streamOf = (stream: NodeJS.WriteStream): Stream => ({
  writable: stream,
  isTerminal: stream.isTTY === true,
  columns: widthToFit(process.env, stream.isTTY === true ? stream.columns : null) ?? undefined,
})

let own: Place | null = null

function ownPlace(): Place {
  const { env } = process
  own ??= {
    stdout: streamOf(process.stdout),
    stderr: streamOf(process.stderr),
    color: allowsColor(env),
    exit: (code) => {
      process.exitCode = code
    },
    command: '',
    served: null,
  }
  return own
}

/** Where the present command is performed. Commands of several clients are performed at the same time, each in its own place. */
export const currentPlace = (): Place => places.getStore() ?? ownPlace()

export const inPlace = <Result>(place: Place, work: () => Promise<Result>): Promise<Result> =>
  places.run(place, work)
