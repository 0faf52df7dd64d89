import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import type { Client, SFTPWrapper } from 'ssh2'
import { HostLost } from './run-command.ts'

export interface HostStat {
  type: 'file' | 'directory' | 'symlink' | 'other'
  /** Permission bits. */
  mode: number
  size: number
  uid: number
  gid: number
  /** Seconds since 1970. */
  modifiedAt: number
}

/** The part of a file that is on the host already, as the host reports it. */
export interface PartialFile {
  bytes: number
  /** SHA-256 of those bytes as 64 hex digits. */
  sha256: string
}

interface PutOptions {
  mode: number
  /** Reads the part that is on the host. Called when the file exists there. Null when it can't be read. */
  partial(): Promise<PartialFile | null>
  signal: AbortSignal
  onProgress?(sent: number, total: number): void
}

/** Bytes of one request, small enough for any server. ssh2 splits larger ones in two, and sends the second after the answer to the first. */
const CHUNK = 31 * 1024
const IN_FLIGHT = 32

/** Opens an SFTP session (version 3), does the work, and ends the session. Rejects with HostLost when the connection is lost. */
export async function withSftp<T>(
  client: Client,
  what: string,
  work: (sftp: SFTPWrapper) => Promise<T>,
): Promise<T> {
  const lost = (cause?: unknown) => new HostLost(what, cause)
  let gone: (error: Error) => void = () => undefined
  const broken = new Promise<never>((_, reject) => {
    gone = reject
  })
  broken.catch(() => undefined)
  const onClose = () => gone(lost())
  client.once('close', onClose)
  try {
    const sftp = await Promise.race([broken, opened(client, lost)])
    try {
      return await Promise.race([broken, work(sftp)])
    } finally {
      sftp.end()
    }
  } finally {
    client.removeListener('close', onClose)
  }
}

function opened(client: Client, lost: (cause?: unknown) => Error): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    try {
      client.sftp((error, sftp) => (error === undefined ? resolve(sftp) : reject(lost(error))))
    } catch (error) {
      reject(lost(error))
    }
  })
}

/** The facts of a path. Null when nothing has that name. A link is not followed. */
export function readFileStat(sftp: SFTPWrapper, path: string): Promise<HostStat | null> {
  return new Promise((resolve, reject) => {
    sftp.lstat(path, (error, stats) => {
      if (error !== undefined)
        return isMissing(error) ? resolve(null) : reject(sftpError('read', path, error))
      const { mode, size, uid, gid, mtime } = stats
      const type = stats.isFile()
        ? 'file'
        : stats.isDirectory()
          ? 'directory'
          : stats.isSymbolicLink()
            ? 'symlink'
            : 'other'
      resolve({ type, mode: mode & 0o7777, size, uid, gid, modifiedAt: mtime })
    })
  })
}

/** Where a link points. Null when no link has that name. */
export function readLinkTarget(sftp: SFTPWrapper, path: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    sftp.readlink(path, (error, target) => {
      if (error === undefined) resolve(target)
      else if (isMissing(error)) resolve(null)
      else reject(sftpError('read the link', path, error))
    })
  })
}

/**
 * Sends a file. The part that an earlier try left is kept if its hash on the host is that of the file's beginning; otherwise the file is
 * sent from the start. `resumedFrom`: bytes that were there already. Only a hash on the host proves that the complete file arrived.
 */
export async function putFile(
  sftp: SFTPWrapper,
  local: string,
  remote: string,
  options: PutOptions,
): Promise<{ resumedFrom: number; bytes: number }> {
  const file = await open(local, 'r')
  try {
    const { size } = await file.stat()
    const there = await readFileStat(sftp, remote)
    const from = there === null ? 0 : await countKeptBytes(file, size, there, options)
    const handle = await openRemote(sftp, remote, from === 0 ? 'w' : 'r+', options.mode)
    // After a failure the end of the session closes the handle, because a broken session would never answer.
    await sendFrom(sftp, handle, file, from, size, options)
    await closeRemote(sftp, handle)
    return { resumedFrom: from, bytes: size }
  } finally {
    await file.close()
  }
}

async function countKeptBytes(
  file: FileHandle,
  size: number,
  there: HostStat,
  { partial }: PutOptions,
): Promise<number> {
  if (there.type !== 'file') throw new Error(`there is a ${there.type} at the path of the file`)
  const found = there.size > 0 && there.size <= size ? await partial() : null
  if (found === null || found.bytes === 0 || found.bytes > size) return 0
  return (await sha256OfPrefix(file, found.bytes)) === found.sha256 ? found.bytes : 0
}

async function sha256OfPrefix(file: FileHandle, bytes: number): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of file.createReadStream({ start: 0, end: bytes - 1, autoClose: false }))
    hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** The server handles requests in order, so that a broken connection always leaves a beginning of the file. */
async function sendFrom(
  sftp: SFTPWrapper,
  handle: Buffer,
  file: FileHandle,
  from: number,
  size: number,
  options: PutOptions,
): Promise<void> {
  let pending: Promise<void>[] = []
  for (let at = from; at < size; at += CHUNK) {
    options.signal.throwIfAborted()
    const chunk = Buffer.alloc(Math.min(CHUNK, size - at))
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
    if (bytesRead !== chunk.length) throw new Error('the file became shorter during the transfer')
    const sent = writeRemote(sftp, handle, chunk, at)
    sent.catch(() => undefined)
    pending.push(sent)
    if (pending.length < IN_FLIGHT && at + CHUNK < size) continue
    await Promise.all(pending)
    pending = []
    options.onProgress?.(Math.min(at + CHUNK, size), size)
  }
}

const openRemote = (sftp: SFTPWrapper, path: string, flags: 'w' | 'r+', mode: number) =>
  new Promise<Buffer>((resolve, reject) => {
    sftp.open(path, flags, mode, (error, handle) =>
      error === undefined ? resolve(handle) : reject(sftpError('open', path, error)),
    )
  })

const writeRemote = (sftp: SFTPWrapper, handle: Buffer, chunk: Buffer, at: number) =>
  new Promise<void>((resolve, reject) => {
    sftp.write(handle, chunk, 0, chunk.length, at, (error) =>
      error === undefined || error === null ? resolve() : reject(sftpError('write', 'the file', error)),
    )
  })

const closeRemote = (sftp: SFTPWrapper, handle: Buffer) =>
  new Promise<void>((resolve) => {
    sftp.close(handle, () => resolve())
  })

const isMissing = (error: Error & { code?: unknown }) => error.code === 2

/** The message with which ssh2 rejects requests that were open when the channel closed. */
const UNANSWERED = 'No response from server'

const sftpError = (verb: string, path: string, cause: Error) =>
  cause.message === UNANSWERED
    ? new HostLost(`${path} was being accessed (${verb})`, cause)
    : new Error(`the host can't ${verb} ${path}: ${cause.message}`, { cause })
