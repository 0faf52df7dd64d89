import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CutterError } from '../../domain/errors.ts'
import { findTrustedProgram } from '../../tools/trusted-folders.ts'
import { processStart } from '../system/process-start.ts'
import { findSandbox } from './sandbox.ts'
import type { Binaries } from './server-binaries.ts'
import type { ServerLocation } from './server-location.ts'
import type { ServerLock } from './server-lock.ts'
import { UNSYNCED_SETTINGS } from './unsynced-server.ts'

/**
 * The process of the embedded server. It is found by its postmaster.pid. It is started as `postgres` in a session of its own, so
 * that Ctrl-C in the terminal does not reach it and it outlives the process that started it. It is stopped by the signal that
 * `pg_ctl stop -m fast` sends. pg_ctl itself polls only ten times a second, which would cause most of the waiting time.
 */

/** The main process of the server. */
export interface Postmaster {
  pid: number
  port: number
  status: 'starting' | 'ready' | 'stopping'
}

const POLL_MS = 5
const START_MS = 60_000
const STOP_MS = 60_000
const ATTEMPTS = 8
const LOG_LIMIT = 5_000_000

// On the command line and not in postgresql.conf, so that a newer version of Cutter changes them for existing clusters too.
const SETTINGS = {
  unix_socket_permissions: '0700',
  max_connections: '50',
  timezone: 'UTC',
  log_timezone: 'UTC',
  fsync: 'on',
  logging_collector: 'off',
  log_line_prefix: '%m [%p] %q%u@%d ',
  // A failed statement may hold a password.
  log_min_error_statement: 'panic',
}

/** Returns the running postmaster of a data directory, or null. The file of a dead one does not count. */
export function findPostmaster(data: string): Postmaster | null {
  const lines = pidFile(data)
  const [pid, , , port] = lines.map(Number)
  if (pid === undefined || !Number.isInteger(pid) || !isPostmaster(pid, data)) return null
  const word = (lines[7] ?? '').trim()
  const status = word === 'ready' || word === 'stopping' ? word : 'starting'
  return { pid, port: port ?? 0, status }
}

/**
 * Starts the server on a free port and waits until it accepts connections.
 * @param lock proves that no server runs on the data
 * @throws TARGET_UNREACHABLE when it does not start
 */
export async function startPostmaster(
  place: ServerLocation,
  binaries: Binaries,
  lock: ServerLock,
): Promise<Postmaster> {
  for (let attempt = 1; ; attempt += 1) {
    // PostgreSQL refuses to start when the pid in it belongs to another process now, or to a zombie that nobody reaps.
    rmSync(join(place.data, 'postmaster.pid'), { force: true })
    const started = await launch(place, binaries, lock, await freePort())
    if (started.outcome === 'ready') return started.postmaster
    // Another process took the port in between, or children of a killed server are still ending.
    const isTemporary = /could not bind|already in use|is still in use|pre-existing shared memory/i.test(
      started.log,
    )
    if (!isTemporary || attempt === ATTEMPTS) throw startFailedError(place, started.log)
    await sleep(50 * attempt)
  }
}

/**
 * Requests a shutdown and waits for its end. Returns false when the server still runs after a minute.
 * @param signal SIGINT for a fast shutdown; SIGQUIT for one that writes nothing more, of a server whose files are removed next
 */
export async function stopPostmaster(
  postmaster: Postmaster,
  signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT',
): Promise<boolean> {
  const start = processStart(postmaster.pid)
  requestStop(postmaster, signal)
  const until = Date.now() + STOP_MS
  while (start !== null && processStart(postmaster.pid) === start) {
    if (Date.now() > until) return false
    await sleep(POLL_MS)
  }
  return true
}

/** Sends the signal for a shutdown, by default a fast one. A server that has ended is not an error. */
export function requestStop(postmaster: Postmaster, signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): void {
  try {
    process.kill(postmaster.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

type Launched = { outcome: 'ready'; postmaster: Postmaster } | { outcome: 'ended'; log: string }

async function launch(
  place: ServerLocation,
  binaries: Binaries,
  lock: ServerLock,
  port: number,
): Promise<Launched> {
  const log = logFile(place)
  const output = openSync(log, 'a', 0o600)
  const from = rotate(log)
  const durability = place.unsynced === null ? {} : UNSYNCED_SETTINGS
  const settings = { ...SETTINGS, ...durability, port, ...addressOf(place) }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  // A server on the loopback of another network namespace could not be reached.
  const sandbox = place.socket === null ? null : findSandbox(place.user)
  const server = [...(sandbox ?? []), join(binaries.bin, 'postgres'), '-D', place.data, ...flags]
  const { command, ids } = lock.wrap(server, place.user ?? {})
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    cwd: '/',
    env: binaries.environment,
    detached: true,
    stdio: ['ignore', output, output, lock.descriptor ?? 'ignore'],
    ...ids,
  })
  closeSync(output)
  child.unref()
  const ended = endOf(child)
  const until = Date.now() + START_MS
  while (Date.now() < until) {
    const failure = await Promise.race([ended, sleep(POLL_MS, null)])
    if (failure !== null)
      return { outcome: 'ended', log: `${readFileSync(log, 'utf8').slice(from)}${failure}` }
    const postmaster = findPostmaster(place.data)
    if (postmaster?.status === 'ready') return { outcome: 'ready', postmaster }
  }
  child.kill('SIGQUIT')
  return { outcome: 'ended', log: `it accepted no connections within ${START_MS / 1000} s` }
}

/** Where the server listens. The folder of a socket belongs to the server's user, and nobody else may enter it. */
function addressOf({ socket, user }: ServerLocation): { [setting: string]: string } {
  if (socket === null) return { listen_addresses: '127.0.0.1', unix_socket_directories: '' }
  mkdirSync(socket, { recursive: true, mode: 0o700 })
  if (user !== null) chownSync(socket, user.uid, user.gid)
  return { listen_addresses: '', unix_socket_directories: socket }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(`postgres ended with ${code ?? signal}`))
  })
}

function logFile(place: ServerLocation): string {
  return join(place.cluster, 'server.log')
}

/** Empties a log that is too long. Returns the length of what was in the log before this start. */
function rotate(log: string): number {
  const { size } = statSync(log)
  if (size <= LOG_LIMIT) return size
  truncateSync(log)
  return 0
}

function pidFile(data: string): string[] {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}

function isPostmaster(pid: number, data: string): boolean {
  if (pid <= 0 || processStart(pid) === null) return false
  if (process.platform === 'linux') {
    try {
      const [program = '', ...flags] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return basename(program) === 'postgres' && flags.includes(data)
    } catch {
      return false
    }
  }
  const command =
    spawnSync(findTrustedProgram('ps') ?? '/bin/ps', ['-ww', '-o', 'command=', '-p', String(pid)], {
      encoding: 'utf8',
    }).stdout ?? ''
  return command.includes('postgres') && command.includes(`-D ${data}`)
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

function startFailedError(place: ServerLocation, log: string): CutterError {
  const lines = log.trim().split('\n')
  const fatal = lines.filter((line) => / (FATAL|PANIC): /.test(line))
  const tail = (fatal.length > 0 ? fatal : lines).slice(-3).join(' | ')
  return new CutterError('TARGET_UNREACHABLE', `the embedded server did not start: ${tail}`, {
    next: `read ${logFile(place)}, fix the problem that it names, and run the command again`,
    data: { log: logFile(place), dataDirectory: place.data },
  })
}
