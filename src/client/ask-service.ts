import { closeSync, lstatSync, openSync, realpathSync, rmSync, writeSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { isatty } from 'node:tty'
import { ClientError } from './client-error.ts'
import { COMMAND_PATH, type CommandRequest } from './command-request.ts'
import { findOption } from './command-words.ts'
import { fail } from './fail.ts'
import type { FoundService } from './find-service.ts'
import { createFrameReader, FRAME } from './frames.ts'
import { createResponseReader } from './response-reader.ts'
import { allowsColor } from './terminal.ts'
import { writeAll } from './write-all.ts'

/** Statuses of refusals by exit code; every other one is a failure. */
const EXITS: { [status: number]: number } = {
  400: 2,
  413: 2,
  415: 2,
  421: 2,
  422: 2,
  401: 3,
  403: 3,
  409: 3,
  429: 3,
  503: 3,
}

/**
 * Has a service perform a command, and shows its answer as if this process had performed it. `alone` performs it here, where the service
 * does not answer and may be left out.
 */
export async function askService(service: FoundService, argv: string[], alone: () => void): Promise<void> {
  const body = JSON.stringify(requestOf(argv))
  const socket = await connectTo(service)
  const answer = showAnswer(socket, argv, service)
  let isConnected = false
  socket
    .on('isSecure' in service.at && service.at.isSecure ? 'secureConnect' : 'connect', () => {
      isConnected = true
    })
    .on('data', (bytes: Buffer) => answer.push(bytes))
    .on('end', () => answer.end())
    .on('error', (error: NodeJS.ErrnoException) => {
      if (isConnected) return answer.end()
      if (service.isOptional && ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].includes(error.code ?? '')) {
        writeAll(2, `cutter: no service answers at ${service.name}, so this command works by itself\n`)
        return alone()
      }
      fail(argv, unreachableError(service, error))
    })
    .write(headOf(service, Buffer.byteLength(body)) + body)
}

async function connectTo({ at }: FoundService): Promise<Socket> {
  if ('path' in at) return connect(at.path)
  const { host, port, isSecure } = at
  if (!isSecure) return connect({ host, port })
  const tls = await import('node:tls')
  return tls.connect({ host, port, servername: host })
}

function headOf({ at, token }: FoundService, length: number): string {
  const host = 'path' in at ? 'cutter' : `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`
  // A token with a line end would end the header.
  const authorization =
    token === null || /[^\x21-\x7e]/.test(token) ? '' : `authorization: Bearer ${token}\r\n`
  return `POST ${COMMAND_PATH} HTTP/1.1\r\nhost: ${host}\r\n${authorization}connection: close\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`
}

function requestOf(argv: string[]): CommandRequest {
  const { env } = process
  const out = isatty(1)
  const file = findOption(argv, '--out')
  const path = file === null || file === '-' ? null : resolve(file)
  return {
    argv,
    cwd: process.cwd(),
    terminal: {
      out,
      err: isatty(2),
      // Opening process.stdout takes longer than asking the service.
      columns: out ? process.stdout.columns : null,
      color: allowsColor(env),
    },
    out: path === null ? null : { path, exists: lstatSync(path, { throwIfNoEntry: false }) !== undefined },
  }
}

/** Shows the frames of an answer as they arrive. */
function showAnswer(
  socket: Socket,
  argv: string[],
  service: FoundService,
): { push(bytes: Buffer): void; end(): void } {
  let exit: number | null = null
  let isOver = false
  const file = createReceivedFile(argv)
  const frames = createFrameReader((kind, content) => {
    if (kind === FRAME.out) writeAll(1, content, socket)
    else if (kind === FRAME.err) writeAll(2, content, socket)
    else if (kind === FRAME.file) file.begin(content.toString())
    else if (kind === FRAME.data) file.write(content)
    else if (kind === FRAME.exit) exit = Number(content.toString())
  })
  const problem: Buffer[] = []
  const response = createResponseReader((bytes) => {
    if (response.status() === 200) frames.push(bytes)
    else problem.push(bytes)
  })
  const over = (error: ClientError | null) => {
    if (isOver) return
    isOver = true
    file.end(exit !== null && error === null)
    if (error === null) process.exitCode = exit!
    else fail(argv, error)
  }
  return {
    push(bytes) {
      try {
        response.push(bytes)
      } catch (error) {
        socket.destroy()
        over(error instanceof ClientError ? error : cutShortError(service, (error as Error).message))
      }
    },
    end() {
      if (response.status() !== 200 && response.status() !== null)
        over(problemOf(service, response.status()!, Buffer.concat(problem).toString()))
      else if (exit === null || !frames.isAtEnd())
        over(cutShortError(service, 'it ended before its exit code'))
      else over(null)
    },
  }
}

/**
 * The file of `--out`, which must not exist: it is complete or absent.
 * @throws ClientError
 */
function createReceivedFile(argv: string[]): {
  begin(path: string): void
  write(bytes: Buffer): void
  end(isComplete: boolean): void
} {
  let open: { path: string; file: number } | null = null
  const failed = (path: string, why: string) =>
    new ClientError(
      'INPUT_REFUSED',
      `can't write ${path}: ${why}`,
      'name a file in a writable folder with --out',
      2,
    )
  return {
    begin(path) {
      // A service names no file but the one that its caller named.
      const named = findOption(argv, '--out')
      if (named === null || realPath(resolve(named)) !== realPath(path))
        throw failed(path, 'the command does not name it')
      try {
        open = { path, file: openSync(path, 'wx', 0o666) }
      } catch (error) {
        throw failed(path, (error as Error).message)
      }
    },
    write(bytes) {
      if (open === null) return
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(open.file, bytes, at)
      } catch (error) {
        throw failed(open.path, (error as Error).message)
      }
    },
    end(isComplete) {
      if (open === null) return
      closeSync(open.file)
      if (!isComplete) rmSync(open.path, { force: true })
      open = null
    },
  }
}

/** The path of a file that does not exist, without links. */
function realPath(path: string): string {
  try {
    return join(realpathSync(dirname(path)), path.slice(dirname(path).length))
  } catch {
    return path
  }
}

function problemOf(service: FoundService, status: number, text: string): ClientError {
  const exit = EXITS[status] ?? 1
  try {
    const { code, detail, next } = JSON.parse(text) as { [name: string]: unknown }
    if (typeof code === 'string' && typeof detail === 'string')
      return new ClientError(code, detail, typeof next === 'string' ? next : '', exit)
  } catch {
    // Whatever answers there, it is no service of Cutter.
  }
  return new ClientError(
    'INTERNAL',
    `${service.name} answers ${status} and is no service of Cutter; nothing is known to be done`,
    'see what cutter serve prints, or unset CUTTER_URL',
    1,
  )
}

const cutShortError = (service: FoundService, why: string) =>
  new ClientError(
    'INTERNAL',
    `the answer of the service at ${service.name} was cut short: ${why}; what it was asked to do may be done, or be at work`,
    'cutter run list shows what is there',
    1,
  )

const unreachableError = ({ name }: FoundService, { message }: Error) =>
  new ClientError(
    'INTERNAL',
    `the service at ${name} can't be reached: ${message}; nothing was done`,
    'cutter serve starts it; CUTTER_URL names it',
    1,
  )
