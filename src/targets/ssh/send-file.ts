import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { Stop } from '../../domain/errors.ts'
import { AFTER_FAILED, EXIT_OF_RECEIVE, makeReceive, type ReceiveGuard } from './receive-script.ts'
import { endOf } from './run-command.ts'
import { HostLost, type RemoteProcess, type Transport } from './transport.ts'

/** A file as it arrived. */
export interface SentFile {
  /** Bytes that were there already. */
  resumedFrom: number
  bytes: number
  /** SHA-256 of the complete file, as the host computed it while it received it: 64 hex digits. */
  sha256: string
}

/** `mode`: permission bits. */
export interface SendOptions {
  mode: number
  guard: ReceiveGuard
  /** A command that runs on the host once the file is complete, while it is hashed there. */
  after?: readonly string[]
  signal: AbortSignal
}

/** Bytes that are read from the local file at once. */
const CHUNK = 1024 * 1024
const TIMEOUT_MS = 6 * 3_600_000

const WHY: { [exit: number]: string } = {
  [EXIT_OF_RECEIVE.notOpened]: "can't open",
  [EXIT_OF_RECEIVE.notChanged]: "can't change",
  [EXIT_OF_RECEIVE.takenOver]: 'receives a later try of',
}

/** The guard of a file refused it on the host, or the command after it failed. */
export class ReceiveRefused extends Error {
  readonly exitCode: number
  readonly by: 'guard' | 'after'
  readonly stderr: Buffer
  readonly signal = null
  readonly timedOut = false

  constructor(remote: string, by: ReceiveRefused['by'], exitCode: number, stderr: string) {
    super(`the host refuses ${remote} with exit code ${exitCode}`)
    this.by = by
    this.name = 'ReceiveRefused'
    this.exitCode = exitCode
    this.stderr = Buffer.from(stderr)
  }
}

/**
 * Sends a local file over the standard input of a program on the host, so that the host needs no SFTP. The part that an earlier try left is
 * kept if its hash is that of the file's beginning; otherwise the file is sent from the start. The caller compares the hash that the host
 * computes of the complete file. Rejects with HostLost when the connection is lost, and with ReceiveRefused when the guard
 * refuses the file, or the command after it fails.
 */
export async function sendFile(
  transport: Transport,
  local: string,
  remote: string,
  { mode, guard, after, signal }: SendOptions,
): Promise<SentFile> {
  if (signal.aborted) throw new Stop('STOP_HOST_UNREACHABLE', 'interrupted before anything was sent')
  const file = await open(local, 'r')
  try {
    const { size } = await file.stat()
    const receive = makeReceive({ path: remote, mode, bytes: size }, guard, after)
    const process = await transport.start(receive, TIMEOUT_MS / 1000)
    return await talk(process, transport, { file, size, remote }, signal)
  } finally {
    await file.close()
  }
}

async function talk(
  process: RemoteProcess,
  transport: Transport,
  { file, size, remote }: { file: FileHandle; size: number; remote: string },
  signal: AbortSignal,
): Promise<SentFile> {
  const output = readLines(process)
  let from = 0
  let sending: Promise<void> = Promise.resolve()
  process.stdin.on('error', () => undefined)
  output.once(/^cutter-has (\d+) ([0-9a-f]{64})$/, ([, bytes, sha256]) => {
    sending = countKeptBytes(file, size, Number(bytes), sha256!)
      .then(async (kept) => {
        from = kept
        process.stdin.write(`${from}\n`)
        await pipeline(
          file.createReadStream({ start: from, autoClose: false, highWaterMark: CHUNK }),
          process.stdin,
        )
      })
      // The end of the program says what happened.
      .catch(() => void process.stdin.end())
  })
  const end = await endOf(process, transport, { timeoutMs: TIMEOUT_MS, signal, afterStart: () => undefined })
  if (typeof end !== 'string') await sending
  if (typeof end === 'string') throw new HostLost(`${remote} was sent`)
  const { code } = end
  const failed = AFTER_FAILED.exec(output.text())?.[1]
  if (failed !== undefined) throw new ReceiveRefused(remote, 'after', Number(failed), output.errors())
  const [, got, sha256] = /^cutter-got (\d+) ([0-9a-f]{64})$/m.exec(output.text()) ?? []
  if (code === 0 && sha256 !== undefined && Number(got) === size)
    return { resumedFrom: from, bytes: size, sha256 }
  if (code === EXIT_OF_RECEIVE.noSender) throw new HostLost(`${remote} was sent`)
  const why = output.errors().trim().split('\n').at(-1) ?? ''
  if (code !== null && code !== 0 && WHY[code] === undefined)
    throw new ReceiveRefused(remote, 'guard', code, output.errors())
  throw new Error(`the host ${WHY[code ?? 0] ?? "can't receive"} ${remote}: ${why || `exit code ${code}`}`)
}

/** Reads the little that the receiver prints, and calls once for a line. */
function readLines({ stdout, stderr }: RemoteProcess) {
  const kept = { out: '', err: '' }
  let awaited: { pattern: RegExp; call(found: RegExpExecArray): void } | null = null
  stdout.on('data', (chunk: Buffer) => {
    kept.out = (kept.out + chunk.toString('utf8')).slice(-10_000)
    for (const line of awaited === null ? [] : kept.out.split('\n').slice(0, -1)) {
      const found = awaited?.pattern.exec(line)
      if (!found) continue
      const { call } = awaited!
      awaited = null
      call(found)
    }
  })
  stderr.on('data', (chunk: Buffer) => {
    kept.err = (kept.err + chunk.toString('utf8')).slice(-10_000)
  })
  return {
    once(pattern: RegExp, call: (found: RegExpExecArray) => void) {
      awaited = { pattern, call }
    },
    text: () => kept.out,
    errors: () => kept.err,
  }
}

async function countKeptBytes(
  file: FileHandle,
  size: number,
  there: number,
  sha256: string,
): Promise<number> {
  if (there === 0 || there > size) return 0
  const hash = createHash('sha256')
  for await (const chunk of file.createReadStream({ start: 0, end: there - 1, autoClose: false }))
    hash.update(chunk as Buffer)
  return hash.digest('hex') === sha256 ? there : 0
}
