import type { Client, ClientChannel } from 'ssh2'
import { CutterError, Stop } from '../../domain/errors.ts'
import { type Argument, commandLine } from './command-line.ts'

export interface RunOptions {
  stdin?: Uint8Array
  /** After this time the host kills the program with all its processes, and the result has `timedOut`. */
  timeoutMs: number
  /** The limit for stdout and for stderr each. Bytes after it are dropped, and the result has `truncated`. */
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

/** The connection was lost after a command was sent. The command may be done, half done or still running; only the host can tell. */
export class HostLost extends CutterError {
  constructor(what: string, cause?: unknown) {
    super('HOST_UNREACHABLE', `the connection to the host was lost while ${what}; its outcome is not known`, {
      next: 'cutter run resume <run>, which checks the host first',
      cause,
    })
    this.name = 'HostLost'
  }
}

/** This side ends an overdue program only this much later than the host itself. */
const GRACE_MS = 5_000
/** The exit code of `timeout` after it killed the program. */
const KILLED = 137

/** Runs one command by an `exec` request, without a terminal. Rejects with HostLost when its outcome can't be known. */
export function runCommand(
  client: Client,
  argv: readonly Argument[],
  options: RunOptions,
): Promise<RunResult> {
  const program = Buffer.from(argv[0] as Uint8Array).toString('utf8')
  const line = commandLine(argv, options.timeoutMs / 1000)
  if (options.signal?.aborted === true)
    return Promise.reject(new Stop('STOP_HOST_UNREACHABLE', 'interrupted before anything was sent'))
  const startedAt = performance.now()
  return new Promise<RunResult>((resolve, reject) => {
    const onClose = () => reject(new HostLost(`${program} was requested`))
    const settle =
      <T>(how: (value: T) => void) =>
      (value: T) => {
        client.removeListener('close', onClose)
        how(value)
      }
    client.once('close', onClose)
    try {
      // The types ask for a string; the protocol takes bytes, and a file name may be any.
      client.exec(line as unknown as string, { pty: false }, (error, channel) => {
        if (error === undefined)
          collect(channel, program, options, startedAt).then(settle(resolve), settle(reject))
        else settle(reject)(new HostLost(`${program} was requested`, error))
      })
    } catch {
      settle(reject)(new HostLost(`${program} was being requested`))
    }
  })
}

function collect(
  channel: ClientChannel,
  program: string,
  options: RunOptions,
  startedAt: number,
): Promise<RunResult> {
  const { stdin, timeoutMs, maxOutputBytes, signal } = options
  const out = createBuffer(maxOutputBytes)
  const err = createBuffer(maxOutputBytes)
  return new Promise((resolve, reject) => {
    let exit: { code: number | null; signal: string | null } | null = null
    let aborted = false
    const finish = () => {
      clearTimeout(overdue)
      signal?.removeEventListener('abort', abort)
      const timedOut =
        performance.now() - startedAt >= timeoutMs &&
        (exit === null || exit.code === KILLED || exit.signal !== null)
      if (aborted) return reject(new HostLost(`${program} ran and was interrupted`))
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
    // Some servers pass no signal on, and none reports that. A closed channel at least ends a program that reads or writes.
    const end = () => {
      ignoreErrors(() => channel.signal('KILL'))
      ignoreErrors(() => channel.close())
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
    // The abort may have come while the channel was being opened.
    if (signal?.aborted === true) abort()
    channel.end(stdin === undefined ? undefined : Buffer.from(stdin))
  })
}

function ignoreErrors(work: () => void): void {
  try {
    work()
  } catch {
    // The connection is lost, so that there is nothing left to end.
  }
}

/** Collects output up to a limit in bytes. */
function createBuffer(limit: number) {
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
