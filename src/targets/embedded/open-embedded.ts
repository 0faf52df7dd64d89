import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CutterError } from '../../domain/errors.ts'
import { tryLock, unlock, withLock } from '../../locks/with-lock.ts'
import { ConnectFailedError } from '../postgres/connection-errors.ts'
import { logIn } from '../postgres/pg-session.ts'
import { removeFormerLocks } from './former-locks.ts'
import {
  findPostmaster,
  type Postmaster,
  requestStop,
  startPostmaster,
  stopPostmaster,
} from './postmaster.ts'
import { makeLibraryLinks } from './server-binaries.ts'
import {
  type ClusterPasswords,
  clusterExists,
  makeCluster,
  passwordFile,
  randomPassword,
  readPasswords,
  type ServerPasswords,
  superuserOf,
} from './server-cluster.ts'
import {
  type LocationOptions,
  locateServer,
  prepareBinaries,
  type ServerLocation,
} from './server-location.ts'
import { lockServer } from './server-lock.ts'
import { addServerUser, hasServerUsers, removeServerUser } from './server-users.ts'
import { markUnsynced, syncStopped } from './unsynced-server.ts'

/**
 * The PostgreSQL server from npm that holds the default target. The commands that use it create, start, share and stop it. An
 * opening takes the lock of the home, creates the cluster if it is missing, adopts the running server or starts one, and records
 * its process as a user. The last user stops the server. A kill may interrupt every step, and the next command finds its result
 * either complete or missing.
 */
export interface EmbeddedServer<T extends ClusterPasswords = ServerPasswords> {
  host: string
  port: number
  /** The URL of a role in a database. Roles but the superuser exist after the target's SQL has created them. */
  url(role: keyof T & string, database: string): string
  superuserUrl(database: string): string
  pid: number
  passwords: T
  dataDirectory: string
  /**
   * Ends the use by this process. The last running user stops the server. A second call does nothing.
   * @param keeps whether the server is needed later; false leaves the stop to whoever removes it
   */
  release(keeps?: boolean): Promise<void>
}

interface EmbeddedOptions extends LocationOptions {
  log?: (line: string) => void
}

const HOST = '127.0.0.1'
/** Longer than any holder of the lock needs: creating a cluster takes seconds on a slow disk, stopping a busy server up to a minute. */
export const LOCK_WAIT_MS = 120_000
const ADOPT_MS = 60_000
/** How long to wait for a server that cannot be reached from here, and how often to look whether it has ended. */
const ELSEWHERE_MS = 60_000
const ELSEWHERE_POLL_MS = 50

/**
 * Opens the embedded server of a home for this process.
 * @throws TARGET_UNREACHABLE when it can't be started or used
 * @throws STORE_UNWRITABLE when its folder can't be written or its passwords can't be read
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const place = locateServer(options)
  const newPasswords = (): ServerPasswords => ({
    postgres: randomPassword(),
    cutter_reader: randomPassword(),
    cutter_executor: randomPassword(),
    cutter_verifier: randomPassword(),
  })
  return openServer<ServerPasswords>(place, newPasswords, options.log)
}

/**
 * Opens the server at a place for this process.
 * @param newPasswords makes the passwords of its roles, if the cluster is missing; the first role is the superuser
 * @param before is called under the lock
 * @throws the errors of `openEmbedded`
 */
export async function openServer<T extends ClusterPasswords>(
  place: ServerLocation,
  newPasswords: () => T,
  log: (line: string) => void = () => undefined,
  before: () => Promise<void> = async () => undefined,
): Promise<EmbeddedServer<T>> {
  const until = Date.now() + ELSEWHERE_MS
  for (;;) {
    const opened = await withLock(place.lock, LOCK_WAIT_MS, async () => {
      for (const name of removeFormerLocks(dirname(place.lock))) log(`left lock file ${name} removed`)
      await before()
      const postmaster = (await adopt(place, log)) ?? (await start(place, newPasswords, log))
      return postmaster === null ? null : handle<T>(place, postmaster, addServerUser(place), log)
    })
    if (opened !== null) return opened
    if (Date.now() > until) throw serverElsewhereError(place)
    // Without the lock of the home, which the other one needs to stop its server.
    await sleep(ELSEWHERE_POLL_MS)
  }
}

function serverElsewhereError(place: ServerLocation): CutterError {
  return new CutterError(
    'TARGET_UNREACHABLE',
    `the embedded server of this home runs in another container or on another machine, on ${place.data}; nothing was changed`,
    {
      next: 'wait until the commands there have ended, or give each container a home of its own, or use a target of your own',
      data: { dataDirectory: place.data },
    },
  )
}

/** Reads whether the server exists and runs, and changes nothing. */
export async function readEmbeddedStatus(
  options: EmbeddedOptions,
): Promise<{ initialised: boolean; running: boolean; dataDirectory: string; pid: number | null }> {
  const place = locateServer(options, false)
  const postmaster = findPostmaster(place.data)
  return {
    initialised: clusterExists(place),
    running: postmaster !== null,
    dataDirectory: place.data,
    pid: postmaster?.pid ?? null,
  }
}

/** Starts the server; null while one runs that was not found here, or what is left of one. */
async function start(
  place: ServerLocation,
  newPasswords: () => ClusterPasswords,
  log: (line: string) => void,
): Promise<Postmaster | null> {
  const lock = lockServer(place)
  if (lock === null) return null
  try {
    const binaries = prepareBinaries(place)
    makeLibraryLinks(binaries, place.programs)
    if (!clusterExists(place)) {
      log(`creating the embedded server's data in ${place.data}`)
      await makeCluster(place, binaries, newPasswords())
    }
    markUnsynced(place)
    const postmaster = await startPostmaster(place, binaries, lock)
    log(`embedded server started on port ${postmaster.port}, pid ${postmaster.pid}`)
    return postmaster
  } finally {
    lock.close()
  }
}

/** Returns the running server after it has accepted this home's password, or null if none runs. */
async function adopt(place: ServerLocation, log: (line: string) => void): Promise<Postmaster | null> {
  const until = Date.now() + ADOPT_MS
  for (let found = findPostmaster(place.data); found !== null; found = findPostmaster(place.data)) {
    // It may be starting or stopping, because a process was killed or exited without a release.
    const problem =
      found.status === 'ready' ? await findLoginProblem(found, place) : new Error(`it is ${found.status}`)
    if (problem === null) {
      log(`embedded server adopted on port ${found.port}, pid ${found.pid}`)
      return found
    }
    if (Date.now() > until || isFinal(problem)) throw unusableServerError(found, place, problem)
    await sleep(20)
  }
  return null
}

async function findLoginProblem(postmaster: Postmaster, place: ServerLocation): Promise<Error | null> {
  const { role, password } = superuserOf(readPasswords(place))
  const url = urlOf(place, postmaster, { role, password }, 'postgres')
  try {
    await logIn(url, 'cutter adopt')
    return null
  } catch (error) {
    return error as Error
  }
}

function isFinal(problem: Error): boolean {
  return problem instanceof CutterError || (problem instanceof ConnectFailedError && problem.code === '28P01')
}

function unusableServerError(postmaster: Postmaster, place: ServerLocation, problem: Error): CutterError {
  if (problem instanceof CutterError) return problem
  return new CutterError(
    'TARGET_UNREACHABLE',
    `the embedded server (pid ${postmaster.pid}) runs but can't be used: ${problem.message}; nothing was changed`,
    {
      next: `compare its password with ${passwordFile(place)}, or stop it with: kill -INT ${postmaster.pid}`,
      data: { pid: postmaster.pid, port: postmaster.port, dataDirectory: place.data },
      cause: problem,
    },
  )
}

function handle<T extends ClusterPasswords>(
  place: ServerLocation,
  postmaster: Postmaster,
  record: string,
  log: (line: string) => void,
): EmbeddedServer<T> {
  const passwords = readPasswords<T>(place)
  const { role: superuser, password } = superuserOf(passwords)
  const removeListener = onExit(() => leaveAtExit(place, record))
  let released: Promise<void> | null = null
  return {
    host: HOST,
    port: postmaster.port,
    pid: postmaster.pid,
    url: (role, database) => urlOf(place, postmaster, { role, password: passwords[role]! }, database),
    superuserUrl: (database) => urlOf(place, postmaster, { role: superuser, password }, database),
    passwords,
    dataDirectory: place.data,
    release: (keeps = true) => {
      released ??= leave(place, record, log, keeps).finally(removeListener)
      return released
    },
  }
}

function urlOf(
  { socket }: ServerLocation,
  { port }: Postmaster,
  { role, password }: { role: string; password: string },
  database: string,
): string {
  const folder = socket === null ? '' : `?host=${encodeURIComponent(socket)}`
  return `postgresql://${role}:${encodeURIComponent(password)}@${HOST}:${port}/${encodeURIComponent(database)}${folder}`
}

async function leave(
  place: ServerLocation,
  record: string,
  log: (line: string) => void,
  keeps: boolean,
): Promise<void> {
  await withLock(place.lock, LOCK_WAIT_MS, async () => {
    removeServerUser(record)
    if (!keeps || hasServerUsers(place)) return
    const postmaster = findPostmaster(place.data)
    if (postmaster === null) return
    const stopped = await stopPostmaster(postmaster)
    if (stopped && place.unsynced !== null) await syncStopped(place, prepareBinaries(place))
    log(stopped ? 'embedded server stopped' : `embedded server (pid ${postmaster.pid}) is still stopping`)
  })
}

/** For a process that exits without a release. It can't wait, so it only requests the server's stop. */
function leaveAtExit(place: ServerLocation, record: string): void {
  try {
    removeServerUser(record)
    // The process that holds the lock is opening or leaving, and stops the server if necessary.
    if (!tryLock(place.lock)) return
    const postmaster = hasServerUsers(place) ? null : findPostmaster(place.data)
    if (postmaster !== null) requestStop(postmaster)
    unlock(place.lock)
  } catch {
    // The process is ending, and an error here would hide the reason. The next command takes care of the server.
  }
}

const pending = new Set<() => void>()

/** Registers one listener for all openings of the process. Returns a function that removes the call. */
function onExit(leave: () => void): () => void {
  if (pending.size === 0) process.once('exit', leaveAll)
  pending.add(leave)
  return () => {
    pending.delete(leave)
    if (pending.size === 0) process.off('exit', leaveAll)
  }
}

function leaveAll(): void {
  for (const leave of pending) leave()
}
