import type { Client, ClientChannel } from 'ssh2'
import { CutterError, Stop } from '../../domain/errors.ts'
import { type Argument, commandLine } from './command-line.ts'

export interface RunOptions {
  stdin?: Uint8Array
  /** After this long the host kills the program and all that it started, and the answer says so. */
  timeoutMs: number
  /** Of stdout and of stderr each; what comes after is read and dropped. */
  maxOutputBytes: number
  signal?: AbortSignal
}

export interface RunResult {
  /** Null when a signal ended the program, or when it took too long. */
  exitCode: number | null
  signal: string | null
  stdout: Buffer
  stderr: Buffer
  /** Whether some of the output was dropped. */
  truncated: boolean
  timedOut: boolean
}

/** The connection broke after a command was sent: it may have been done, wholly or in part, or may still go on. Only a look can tell. */
export class HostLost extends CutterError {
  constructor(what: string, cause?: unknown) {
    super(
      'HOST_UNREACHABLE',
      `the connection to the host was lost while ${what}; what became of it is not known`,
      {
        next: 'cutter run resume <run> looks at the host before anything else',
        cause,
      },
    )
    this.name = 'HostLost'
  }
}

/** How much later than the host itself this side ends a program that takes too long. */
const GRACE_MS = 5_000
/** As `timeout` answers when it has killed. */
const KILLED = 137

/** Runs one command by an `exec` request, without a terminal. Rejects with HostLost when its end can't be known. */
export function runCommand(
  client: Client,
  argv: readonly Argument[],
  options: RunOptions,
): Promise<RunResult> {
  const program = Buffer.from(argv[0] as Uint8Array).toString('utf8')
  const line = commandLine(argv, options.timeoutMs / 1000)
  if (options.signal?.aborted === true)
    return Promise.reject(new Stop('STOP_HOST_UNREACHABLE', 'interrupted before anything was sent'))
  const begun = performance.now()
  return new Promise<RunResult>((resolve, reject) => {
    const gone = () => reject(new HostLost(`${program} was asked for`))
    const settle =
      <T>(how: (value: T) => void) =>
      (value: T) => {
        client.removeListener('close', gone)
        how(value)
      }
    client.once('close', gone)
    try {
      // The types ask for a string; the protocol takes bytes, and a file name may be any.
      client.exec(line as unknown as string, { pty: false }, (error, channel) => {
        if (error === undefined)
          collect(channel, program, options, begun).then(settle(resolve), settle(reject))
        else settle(reject)(new HostLost(`${program} was asked for`, error))
      })
    } catch {
      settle(reject)(new HostLost(`${program} was about to be asked for`))
    }
  })
}

function collect(
  channel: ClientChannel,
  program: string,
  options: RunOptions,
  begun: number,
): Promise<RunResult> {
  const { stdin, timeoutMs, maxOutputBytes, signal } = options
  const out = capped(maxOutputBytes)
  const err = capped(maxOutputBytes)
  return new Promise((resolve, reject) => {
    let exit: { code: number | null; signal: string | null } | null = null
    let aborted = false
    const finish = () => {
      clearTimeout(overdue)
      signal?.removeEventListener('abort', abort)
      const timedOut =
        performance.now() - begun >= timeoutMs &&
        (exit === null || exit.code === KILLED || exit.signal !== null)
      if (aborted) return reject(new HostLost(`${program} ran, which was interrupted`))
      if (exit === null && !timedOut) return reject(new HostLost(`${program} ran`))
      resolve({
        exitCode: timedOut ? null : exit!.code,
        signal: exit?.signal ?? null,
        stdout: out.bytes(),
        stderr: err.bytes(),
        truncated: out.truncated() || err.truncated(),
        timedOut,
      })
    }
    // Not every server passes signals on, and none says so; a closed channel at least ends what reads or writes.
    const end = () => {
      tried(() => channel.signal('KILL'))
      tried(() => channel.close())
      finish()
    }
    const abort = () => {
      aborted = true
      end()
    }
    const overdue = setTimeout(end, timeoutMs + GRACE_MS)
    signal?.addEventListener('abort', abort, { once: true })
    channel.on('data', out.take)
    channel.stderr.on('data', err.take)
    channel.on('exit', (code: number | null, name?: string) => {
      exit = { code, signal: name ?? null }
    })
    channel.once('close', finish)
    channel.on('error', () => undefined)
    // It may have come while the server was asked for the channel.
    if (signal?.aborted === true) abort()
    channel.end(stdin === undefined ? undefined : Buffer.from(stdin))
  })
}

function tried(work: () => void): void {
  try {
    work()
  } catch {
    // The connection is gone; there is nothing left to tell.
  }
}

function capped(limit: number) {
  const chunks: Buffer[] = []
  let kept = 0
  let dropped = false
  return {
    take(chunk: Buffer) {
      const room = limit - kept
      if (chunk.length > room) dropped = true
      if (room <= 0) return
      chunks.push(chunk.subarray(0, room))
      kept += Math.min(room, chunk.length)
    },
    bytes: () => Buffer.concat(chunks),
    truncated: () => dropped,
  }
}
