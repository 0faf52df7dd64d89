import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { Stop } from '../../domain/errors.ts'
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

/** Bytes that are read from the local file at once. */
const CHUNK = 256 * 1024
const TIMEOUT_MS = 6 * 3_600_000

/**
 * Receives a file on its standard input. It locks the file first, because the receiver of a lost connection may still be writing. Then it
 * says how many bytes are there, with their hash, and learns from which byte the rest comes.
 */
const RECEIVE = `umask 077
true >>"$1" || exit 71
exec 8>>"$1"
flock -w 60 8 || exit 75
chmod "$2" "$1" && size=$(stat -c %s -- "$1") || exit 72
echo "cutter-has $size $(head -c "$size" -- "$1" | sha256sum | cut -c1-64)"
read -r from || exit 73
[ "$from" = "$size" ] || truncate -s "$from" -- "$1" || exit 72
sum=$({ head -c "$from" -- "$1"; tee -a -- "$1"; } | sha256sum | cut -c1-64)
echo "cutter-got $(stat -c %s -- "$1") $sum"`

const WHY: { [exit: number]: string } = {
  71: "can't open",
  72: "can't change",
  73: 'lost the sender of',
  75: 'is still receiving an earlier try of',
}

/**
 * Sends a local file over the standard input of a program on the host, so that the host needs no SFTP. The part that an earlier try left is
 * kept if its hash is that of the file's beginning; otherwise the file is sent from the start. The caller compares the hash that the host
 * computes of the complete file. Rejects with HostLost when the connection is lost.
 */
export async function sendFile(
  transport: Transport,
  local: string,
  remote: string,
  { mode, signal }: { mode: number; signal: AbortSignal },
): Promise<SentFile> {
  if (signal.aborted) throw new Stop('STOP_HOST_UNREACHABLE', 'interrupted before anything was sent')
  const file = await open(local, 'r')
  try {
    const argv = ['sh', '-c', RECEIVE, 'receive', remote, mode.toString(8)]
    const process = await transport.start(argv, TIMEOUT_MS / 1000)
    return await talk(process, transport, file, remote, signal)
  } finally {
    await file.close()
  }
}

async function talk(
  process: RemoteProcess,
  transport: Transport,
  file: FileHandle,
  remote: string,
  signal: AbortSignal,
): Promise<SentFile> {
  const { size } = await file.stat()
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
  const [, got, sha256] = /^cutter-got (\d+) ([0-9a-f]{64})$/m.exec(output.text()) ?? []
  if (code === 0 && sha256 !== undefined && Number(got) === size)
    return { resumedFrom: from, bytes: size, sha256 }
  if (code === 73) throw new HostLost(`${remote} was sent`)
  const why = output.errors().trim().split('\n').at(-1) ?? ''
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
