import { Stop } from '../../domain/errors.ts'
import type { Argument } from './command-line.ts'
import { HostLost, type RemoteExit, type RemoteProcess, type Transport } from './transport.ts'

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

/** This side ends an overdue program only this much later than the host itself. */
const GRACE_MS = 5_000
/** The exit code of `timeout` after it killed the program. */
const KILLED = 137

/** Runs one command in a session of its own, without a terminal. Rejects with HostLost when its outcome can't be known. */
export async function runCommand(
  transport: Transport,
  argv: readonly Argument[],
  options: RunOptions,
): Promise<RunResult> {
  const program = Buffer.from(argv[0] as Uint8Array).toString('utf8')
  if (options.signal?.aborted === true)
    throw new Stop('STOP_HOST_UNREACHABLE', 'interrupted before anything was sent')
  const startedAt = performance.now()
  return collect(
    await transport.start(argv, options.timeoutMs / 1000),
    transport,
    program,
    options,
    startedAt,
  )
}

async function collect(
  process: RemoteProcess,
  transport: Transport,
  program: string,
  { stdin, timeoutMs, maxOutputBytes, signal }: RunOptions,
  startedAt: number,
): Promise<RunResult> {
  const [out, err] = [createBuffer(maxOutputBytes), createBuffer(maxOutputBytes)]
  process.stdout.on('data', out.take)
  process.stderr.on('data', err.take)
  process.stdin.on('error', () => undefined)
  const end = await endOf(process, transport, {
    timeoutMs: timeoutMs + GRACE_MS,
    signal,
    afterStart: () => process.stdin.end(stdin === undefined ? undefined : Buffer.from(stdin)),
  })
  if (end === 'aborted') throw new HostLost(`${program} ran and was interrupted`)
  const exit = typeof end === 'string' ? null : end
  const timedOut =
    performance.now() - startedAt >= timeoutMs &&
    (end === 'overdue' || exit?.code === KILLED || (exit !== null && exit.signal !== null))
  if (exit === null && !timedOut) throw new HostLost(`${program} ran`)
  return {
    exitCode: timedOut ? null : exit!.code,
    signal: exit?.signal ?? null,
    stdout: out.bytes(),
    stderr: err.bytes(),
    truncated: out.truncated() || err.truncated(),
    timedOut,
  }
}

type End = RemoteExit | 'lost' | 'aborted' | 'overdue'

/** Waits until a program has ended, the connection is lost, the signal aborts, or the time is over. In the last two cases it ends the program. */
export function endOf(
  process: RemoteProcess,
  transport: Transport,
  {
    timeoutMs,
    signal,
    afterStart,
  }: { timeoutMs: number; signal: AbortSignal | undefined; afterStart(): void },
): Promise<End> {
  return new Promise((resolve) => {
    const finish = (end: End) => {
      clearTimeout(overdue)
      signal?.removeEventListener('abort', abort)
      forget()
      resolve(end)
    }
    const give = (end: 'aborted' | 'overdue') => {
      process.end()
      finish(end)
    }
    const abort = () => give('aborted')
    const overdue = setTimeout(() => give('overdue'), timeoutMs)
    // The program's own end comes first where both come together.
    const forget = transport.onLost(() => setImmediate(() => finish('lost')))
    signal?.addEventListener('abort', abort, { once: true })
    process.ended.then((exit) => finish(exit ?? 'lost'))
    // The abort may have come while the session was being opened.
    if (signal?.aborted === true) abort()
    else afterStart()
  })
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
