import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { commandLine, endCommand } from './command-line.ts'
import type { ControlConnection } from './control-connection.ts'
import {
  askAgain,
  createSessionOpener,
  HostLost,
  type RemoteExit,
  type RemoteProcess,
  SessionRefused,
  type Transport,
} from './transport.ts'

const POLL_MS = 3
/** How long a closed connection waits for programs to be ended. */
const END_MS = 3_000
const END_LIMIT_SECONDS = 10
/** The exit code of ssh when it failed itself. A program may have it too. */
const SSH_FAILED = 255

/** Starts programs over a connection of the system's ssh: a call of ssh for each, which finds the connection by its socket. */
export function createControlTransport(connection: ControlConnection): Transport {
  const ending = new Set<Promise<unknown>>()
  const openSession = createSessionOpener()
  return {
    async start(argv, limitSeconds) {
      const mark = randomBytes(12).toString('hex')
      const line = commandLine(argv, limitSeconds, mark)
      const { end, ...process } = await openSession(() => openProcess(connection, line))
      return {
        ...process,
        // A call of ssh passes no signal on. Another session finds the program.
        end() {
          const endLine = commandLine(endCommand(mark), END_LIMIT_SECONDS)
          // Waits for no other session: where the host allows one, that may be the one to end.
          const done = askAgain(() => openProcess(connection, endLine))
            .then(drain)
            .catch(() => undefined)
            .finally(() => {
              end()
              ending.delete(done)
            })
          ending.add(done)
        },
      }
    },
    onLost: connection.onLost,
    isOpen: connection.isOpen,
    close() {
      if (ending.size === 0) return connection.close()
      const waiting = Promise.race([Promise.all(ending), sleep(END_MS, undefined, { ref: false })])
      void waiting.then(connection.close)
    },
  }
}

function drain(process: RemoteProcess): Promise<unknown> {
  process.stdin.end()
  process.stdout.resume()
  process.stderr.resume()
  return process.ended
}

/** ssh asks nobody and connects to nothing by itself when the socket is gone. */
const OPTIONS = ['BatchMode=yes', 'ControlMaster=no', 'ProxyCommand=exit 1', 'LogLevel=DEBUG2']

function listArguments({ ssh, socket }: ControlConnection, more: string[]): string[] {
  const options = OPTIONS.flatMap((option) => ['-o', option])
  return [...ssh.args, '-F', 'none', '-S', socket, '-T', ...options, ...more]
}

/** Resolves when the host has opened the session. */
async function openProcess(connection: ControlConnection, line: Buffer): Promise<RemoteProcess> {
  if (!connection.isOpen()) throw new HostLost('a command was requested')
  // The outputs belong to the program. What ssh prints itself goes to a file.
  const log = join(connection.folder, randomBytes(6).toString('hex'))
  const child = spawnSession(connection, listArguments(connection, ['-E', log]), line)
  child.stdin!.on('error', () => undefined)
  let fault: Error | null = null
  child.once('error', (error) => {
    fault = error
  })
  const exited = new Promise<number | null>((done) => {
    child.once('close', (code) => done(code))
    child.once('error', () => done(null))
  })
  // Node drops what a child has printed when it ends before somebody reads.
  const [stdout, stderr] = [child.stdout!.pipe(new PassThrough()), child.stderr!.pipe(new PassThrough())]
  const read = Promise.allSettled([finished(stdout), finished(stderr)])
  const readLog = () => readFile(log, 'utf8').catch(() => '')
  for (;;) {
    const text = await readLog()
    if (/master session id: /.test(text)) break
    if (child.exitCode !== null || child.signalCode !== null || fault !== null) {
      const last = await readLog()
      if (/master session id: /.test(last)) break
      await rm(log, { force: true })
      const refused = /session request failed: (.*)/.exec(last)?.[1]
      if (refused !== undefined) throw new SessionRefused(refused.trim())
      throw new HostLost('a command was requested', fault ?? new Error(last.trim()))
    }
    await sleep(POLL_MS)
  }
  const ended = exited.then((code) => findExit(connection, code, readLog)).finally(() => read)
  void ended.then(() => rm(log, { force: true }))
  return {
    stdin: child.stdin!,
    stdout,
    stderr,
    ended,
    end: () => void child.kill(),
  }
}

/** Arguments of a process are text. A shell makes the ones that are not UTF-8. */
function spawnSession({ ssh, env }: ControlConnection, args: string[], line: Buffer): ChildProcess {
  const text = line.toString('utf8')
  const options = { env, detached: true, stdio: 'pipe' } as const
  if (Buffer.from(text).equals(line)) return spawn(ssh.file, [...args, '--', 'host', text], options)
  const octal = [...line].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
  const script = `exec "$@" -- host "$(printf '${octal}')"`
  return spawn('/bin/sh', ['-c', script, 'ssh', ssh.file, ...args], options)
}

/** Tells a program that ended with 255, one that a signal ended, and a lost connection from each other. */
async function findExit(
  connection: ControlConnection,
  code: number | null,
  readLog: () => Promise<string>,
): Promise<RemoteExit | null> {
  if (code !== null && code !== SSH_FAILED) return { code, signal: null }
  const reported = /Received exit status from master (\d+)/.exec(await readLog())?.[1]
  if (reported !== undefined) return { code: Number(reported), signal: null }
  // ssh does not say which signal it was.
  return (await answers(connection)) ? { code: null, signal: 'a signal' } : null
}

/** Whether the process that holds the connection still answers. */
function answers(connection: ControlConnection): Promise<boolean> {
  if (!connection.isOpen()) return Promise.resolve(false)
  const { ssh, env } = connection
  const args = listArguments(connection, ['-O', 'check', '--', 'host'])
  return new Promise((resolve) => {
    const child = spawn(ssh.file, args, { env, stdio: 'ignore', detached: true })
    child.once('error', () => resolve(false))
    child.once('close', (code) => resolve(code === 0))
  })
}
