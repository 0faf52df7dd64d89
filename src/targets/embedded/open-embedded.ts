import { setTimeout as sleep } from 'node:timers/promises'
import { CutterError } from '../../domain/errors.ts'
import { ConnectFailedError, logIn } from '../postgres/pg-session.ts'
import { tryLock, unlock, withLock } from '../system/file-lock.ts'
import {
  findPostmaster,
  type Postmaster,
  requestStop,
  startPostmaster,
  stopPostmaster,
} from './postmaster.ts'
import { makeLibraryLinks } from './server-binaries.ts'
import {
  clusterExists,
  makeCluster,
  passwordFile,
  readPasswords,
  type ServerPasswords,
} from './server-cluster.ts'
import { locateServer, prepareBinaries, type ServerLocation } from './server-location.ts'
import { addServerUser, hasServerUsers, removeServerUser } from './server-users.ts'

/**
 * The PostgreSQL that npm brings, as a default target: made, started, shared and stopped by the commands that use it.
 * Whoever opens it takes the lock of the home, makes the cluster if there is none, adopts the server that runs or
 * starts it, and writes down that it uses it; who leaves last stops it. Every step can be cut short by a kill: the
 * next command finds either the whole of its result or nothing.
 */

export interface EmbeddedServer {
  host: string
  port: number
  /** URL of a role in a database. `postgres` is the superuser; the others exist once the target's SQL has made them. */
  url(role: keyof ServerPasswords, database: string): string
  passwords: Omit<ServerPasswords, 'postgres'>
  dataDirectory: string
  /** This process no longer uses the server; the last living user stops it. Idempotent. */
  release(): Promise<void>
}

export interface EmbeddedOptions {
  home: string
  /** Where root's server lies when its user can't reach the home; the system's own place unless told. */
  stateDirectory?: string
  log?: (line: string) => void
}

const HOST = '127.0.0.1'
/** Longer than any holder needs: making a cluster takes seconds on a slow disk, stopping a busy server up to a minute. */
const LOCK_WAIT_MS = 120_000
const ADOPT_MS = 60_000

export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const log = options.log ?? (() => undefined)
  const place = locateServer(options.home, options.stateDirectory)
  return withLock(place.lock, LOCK_WAIT_MS, async () => {
    const postmaster = (await adopt(place, log)) ?? (await start(place, log))
    const row = addServerUser(place.users)
    return handle(place, postmaster, row, log)
  })
}

/** Looks, and changes nothing. */
export async function readEmbeddedStatus(
  options: EmbeddedOptions,
): Promise<{ initialised: boolean; running: boolean; dataDirectory: string; pid: number | null }> {
  const place = locateServer(options.home, options.stateDirectory, false)
  const postmaster = findPostmaster(place.data)
  return {
    initialised: clusterExists(place),
    running: postmaster !== null,
    dataDirectory: place.data,
    pid: postmaster?.pid ?? null,
  }
}

async function start(place: ServerLocation, log: (line: string) => void): Promise<Postmaster> {
  const binaries = prepareBinaries(place)
  makeLibraryLinks(binaries, place.folder)
  if (!clusterExists(place)) {
    log(`making the embedded server's data in ${place.data}`)
    await makeCluster(place, binaries)
  }
  const postmaster = await startPostmaster(place, binaries)
  log(`embedded server started on port ${postmaster.port}, pid ${postmaster.pid}`)
  return postmaster
}

/** The server that runs already, once it has answered with our password; null when there is none. */
async function adopt(place: ServerLocation, log: (line: string) => void): Promise<Postmaster | null> {
  const until = Date.now() + ADOPT_MS
  for (let found = findPostmaster(place.data); found !== null; found = findPostmaster(place.data)) {
    // It may be on its way up or down: left so by a process that was killed, or that left in a hurry.
    const problem =
      found.status === 'ready' ? await problemWith(found, place) : new Error(`it is ${found.status}`)
    if (problem === null) {
      log(`embedded server adopted on port ${found.port}, pid ${found.pid}`)
      return found
    }
    if (Date.now() > until || isFinal(problem)) throw notOurs(found, place, problem)
    await sleep(20)
  }
  return null
}

async function problemWith(postmaster: Postmaster, place: ServerLocation): Promise<Error | null> {
  const url = urlOf(postmaster.port, 'postgres', readPasswords(place).postgres, 'postgres')
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

function notOurs(postmaster: Postmaster, place: ServerLocation, problem: Error): CutterError {
  if (problem instanceof CutterError) return problem
  return new CutterError(
    'TARGET_UNREACHABLE',
    `the embedded server (pid ${postmaster.pid}) runs but can't be used: ${problem.message}`,
    {
      next: `compare its password with ${passwordFile(place)}, or stop it with: kill -INT ${postmaster.pid}`,
      data: { pid: postmaster.pid, port: postmaster.port, dataDirectory: place.data },
      cause: problem,
    },
  )
}

function handle(
  place: ServerLocation,
  postmaster: Postmaster,
  row: string,
  log: (line: string) => void,
): EmbeddedServer {
  const { postgres, ...passwords } = readPasswords(place)
  const forgetExit = atExit(() => leaveInAHurry(place, row))
  let released: Promise<void> | null = null
  return {
    host: HOST,
    port: postmaster.port,
    url: (role, database) => urlOf(postmaster.port, role, { postgres, ...passwords }[role], database),
    passwords,
    dataDirectory: place.data,
    release: () => {
      released ??= leave(place, row, log).finally(forgetExit)
      return released
    },
  }
}

function urlOf(port: number, role: string, password: string, database: string): string {
  return `postgresql://${role}:${encodeURIComponent(password)}@${HOST}:${port}/${encodeURIComponent(database)}`
}

async function leave(place: ServerLocation, row: string, log: (line: string) => void): Promise<void> {
  await withLock(place.lock, LOCK_WAIT_MS, async () => {
    removeServerUser(row)
    if (hasServerUsers(place.users)) return
    const postmaster = findPostmaster(place.data)
    if (postmaster === null) return
    const stopped = await stopPostmaster(postmaster)
    log(stopped ? 'embedded server stopped' : `embedded server (pid ${postmaster.pid}) is still stopping`)
  })
}

/** For a process that exits without a release: nothing can be awaited any more, the server ends by itself. */
function leaveInAHurry(place: ServerLocation, row: string): void {
  try {
    removeServerUser(row)
    // Whoever has the lock is opening or leaving, and will look after the server.
    if (!tryLock(place.lock)) return
    const postmaster = hasServerUsers(place.users) ? null : findPostmaster(place.data)
    if (postmaster !== null) requestStop(postmaster)
    unlock(place.lock)
  } catch {
    // The process is ending: an error here would only hide why. The next command looks after the server.
  }
}

const leavings = new Set<() => void>()

/** One listener for all openings of the process. Gives the way to take the call back. */
function atExit(leaving: () => void): () => void {
  if (leavings.size === 0) process.once('exit', leaveAll)
  leavings.add(leaving)
  return () => {
    leavings.delete(leaving)
    if (leavings.size === 0) process.off('exit', leaveAll)
  }
}

function leaveAll(): void {
  for (const leaving of leavings) leaving()
}
