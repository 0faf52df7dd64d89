import { closeSync, lstatSync, openSync, realpathSync, rmSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { isatty } from 'node:tty'
import { sendFile } from './answer-need.ts'
import { ClientError } from './client-error.ts'
import { COMMAND_PATH, type CommandRequest, type NeededFile } from './command-request.ts'
import { findOption } from './command-words.ts'
import { connectedEvent, connectTo, headOf } from './connection.ts'
import { fail } from './fail.ts'
import type { FoundService } from './find-service.ts'
import { createFrameReader, FRAME } from './frames.ts'
import { cutShortError, problemOf, unreachableError } from './problems.ts'
import { createResponseReader } from './response-reader.ts'
import { allowsColor } from './terminal.ts'
import { writeAll } from './write-all.ts'

/**
 * Has a service perform a command, and shows its answer as if this process had performed it. `alone` performs it here, where the service
 * does not answer and may be left out.
 */
export async function askService(
  service: FoundService,
  argv: string[],
  alone: () => void,
  files: CommandRequest['files'] = {},
): Promise<void> {
  const body = JSON.stringify(requestOf(argv, files))
  const socket = await connectTo(service)
  const sendAgain = async (needed: NeededFile) => {
    try {
      const sent = await sendFile(service, argv, needed)
      await askService(service, argv, alone, { ...files, [needed.given]: sent })
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      fail(argv, error)
    }
  }
  const answer = showAnswer(socket, argv, service, (needed) => {
    // A service that asks for the same file again would never have enough.
    if (Object.hasOwn(files, needed.given))
      fail(argv, cutShortError(service, 'it asks again for what was sent'))
    else void sendAgain(needed)
  })
  let isConnected = false
  socket
    .on(connectedEvent(service), () => {
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
    .write(headOf(service, COMMAND_PATH, Buffer.byteLength(body)) + body)
}

function requestOf(argv: string[], files: CommandRequest['files']): CommandRequest {
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
    files,
  }
}

/** Shows the frames of an answer as they arrive. */
function showAnswer(
  socket: Socket,
  argv: string[],
  service: FoundService,
  needs: (file: NeededFile) => void,
): { push(bytes: Buffer): void; end(): void } {
  let exit: number | null = null
  let needed: NeededFile | null = null
  let isOver = false
  const file = createReceivedFile(argv)
  const frames = createFrameReader((kind, content) => {
    if (kind === FRAME.out) writeAll(1, content, socket)
    else if (kind === FRAME.err) writeAll(2, content, socket)
    else if (kind === FRAME.file) file.begin(content.toString())
    else if (kind === FRAME.data) file.write(content)
    else if (kind === FRAME.exit) exit = Number(content.toString())
    else if (kind === FRAME.needs) needed = JSON.parse(content.toString()) as NeededFile
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
      else if (needed !== null && frames.isAtEnd()) needs(needed)
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
