import { closeSync, lstatSync, openSync, realpathSync, rmSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { isatty } from 'node:tty'
import { sendFile } from './answer-need.ts'
import { ClientError } from './client-error.ts'
import { COMMAND_PATH, type CommandRequest, type NeededFile } from './command-request.ts'
import { findOutputFile } from './command-words.ts'
import { connectedEvent, connectTo, headOf } from './connection.ts'
import { fail } from './fail.ts'
import type { FoundService } from './find-service.ts'
import { createFrameReader, FRAME } from './frames.ts'
import { cutShortError, problemOf, UnreachableError } from './problems.ts'
import { createResponseReader } from './response-reader.ts'
import { allowsColor, widthToFit } from './terminal.ts'
import { writeAll } from './write-all.ts'

/**
 * Has a service perform a command, and shows its answer as if this process had performed it. `alone` performs it here, where the service
 * does not answer and may be left out.
 */
export async function askService(service: FoundService, argv: string[], alone: () => void): Promise<void> {
  try {
    process.exitCode = await exchange(service, argv)
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    if (!(error instanceof UnreachableError && service.isOptional && error.isGone)) return fail(argv, error)
    writeAll(2, `cutter: no service answers at ${service.name}, so this command works by itself\n`)
    alone()
  }
}

/** What is known before a command is sent, and where its stdout goes. */
interface Exchange {
  files?: CommandRequest['files']
  /** Gets what the command prints on stdout; left out: stdout of this process gets it. */
  out?(bytes: Buffer): void
}

/**
 * Has a service perform a command. Resolves to its exit code.
 * @throws ClientError
 */
export async function exchange(
  service: FoundService,
  argv: string[],
  { files = {}, out }: Exchange = {},
): Promise<number> {
  const body = JSON.stringify(requestOf(argv, files))
  const socket = await connectTo(service)
  const needed = await new Promise<NeededFile | number>((done, refuse) => {
    const answer = showAnswer(
      { socket, argv, service },
      { out: out ?? ((bytes) => writeAll(1, bytes, socket)), done, refuse },
    )
    let isConnected = false
    socket
      .on(connectedEvent(service), () => {
        isConnected = true
      })
      .on('data', (bytes: Buffer) => answer.push(bytes))
      .on('end', () => answer.end())
      .on('error', (error) =>
        isConnected ? answer.end() : refuse(new UnreachableError(service.name, error)),
      )
      .write(headOf(service, COMMAND_PATH, Buffer.byteLength(body)) + body)
  })
  if (typeof needed === 'number') return needed
  // A service that asks for the same file again would never have enough.
  if (Object.hasOwn(files, needed.given)) throw cutShortError(service, 'it asks again for what was sent')
  const sent = await sendFile(service, argv, needed)
  return exchange(service, argv, {
    files: { ...files, [needed.given]: sent },
    ...(out === undefined ? {} : { out }),
  })
}

function requestOf(argv: string[], files: CommandRequest['files']): CommandRequest {
  const { env } = process
  const out = isatty(1)
  const file = findOutputFile(argv, out)
  const path = file === null ? null : resolve(file)
  return {
    argv,
    cwd: process.cwd(),
    terminal: {
      out,
      err: isatty(2),
      // Opening process.stdout takes longer than asking the service.
      columns: widthToFit(env, out ? process.stdout.columns : null),
      color: allowsColor(env),
    },
    out: path === null ? null : { path, exists: lstatSync(path, { throwIfNoEntry: false }) !== undefined },
    files,
  }
}

interface Shown {
  out(bytes: Buffer): void
  /** Gets the exit code, or the file that is needed first. */
  done(end: NeededFile | number): void
  refuse(error: ClientError): void
}

/** Shows the frames of an answer as they arrive. */
function showAnswer(
  { socket, argv, service }: { socket: Socket; argv: string[]; service: FoundService },
  { out, done, refuse }: Shown,
): { push(bytes: Buffer): void; end(): void } {
  let exit: number | null = null
  let needed: NeededFile | null = null
  let isOver = false
  const file = createReceivedFile(argv)
  const frames = createFrameReader((kind, content) => {
    if (kind === FRAME.out) out(content)
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
    if (error === null) done(exit!)
    else refuse(error)
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
      else if (needed !== null && frames.isAtEnd()) done(needed)
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
      const named = findOutputFile(argv, isatty(1))
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
