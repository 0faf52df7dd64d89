import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { CutterError } from '../../domain/errors.ts'
import { sha256 } from '../../domain/json.ts'
import { bootMark } from '../system/process-start.ts'
import { type Binaries, copyBinaries, locatePackagedBinaries } from './server-binaries.ts'

/** The ids of the user that runs the server. */
export interface SystemUser {
  uid: number
  gid: number
}

/**
 * The folders of the embedded server, and the user that runs it. PostgreSQL refuses to run as root, so for root it runs as an
 * existing user without privileges. Such a user often can't enter a home below /root, or node_modules there. In that case, data and
 * a copy of the binaries are in the system's state directory. A cluster stays where it was created.
 */
export interface ServerLocation {
  home: string
  /** Holds the cluster, and copied binaries. */
  folder: string
  /** False when the folder is in the state directory. */
  inHome: boolean
  /** Holds data, passwords and the server's log. A rename creates it. */
  cluster: string
  data: string
  lock: string
  users: string
  /** Holds copied binaries, and links to libraries. */
  programs: string
  /** The folder of the server's socket. Such a server has no address in a network. Null: it listens on the loopback. */
  socket: string | null
  /** The user that runs the server; null for the user of this process. */
  user: SystemUser | null
  /** The mark of a server that holds copies alone and does not wait for the disk: see `unsynced-server`. Null: it waits. */
  unsynced: string | null
}

/** What decides where a home's server is and who runs it. */
export interface LocationOptions {
  home: string
  /** The folder of root's server when its user can't reach the home; by default a folder of the system. */
  stateDirectory?: string | undefined
  /** The OS user that runs root's servers, by name; without it `postgres`, else `nobody`. */
  user?: string | undefined
}

/**
 * Finds the location of a home's server.
 * @param make whether to create missing folders
 * @throws STORE_UNWRITABLE when a folder can't be created
 * @throws CONFIG_INVALID when the configured user does not exist or is root
 * @throws TARGET_UNREACHABLE when root has no other user to run the server
 */
export function locateServer(options: LocationOptions, make = true): ServerLocation {
  const { home, stateDirectory = defaultStateDirectory() } = options
  const varFolder = join(existsSync(home) ? realpathSync(home) : home, 'var')
  const inHome = join(varFolder, 'embedded')
  if (make) {
    makeFolder(varFolder)
    makeFolder(inHome, 0o711)
    makeFolder(join(inHome, 'users'))
    makeFolder(join(varFolder, 'locks'))
  }
  const name = sha256(dirname(varFolder)).slice(0, 16)
  const folder = chooseFolder(inHome, join(stateDirectory, name), options.user)
  if (make && folder !== inHome) {
    if (!existsSync(stateDirectory)) makeFolder(stateDirectory, 0o755)
    makeFolder(folder, 0o711)
    // The folder's name is a hash, so this file names the home for a reader.
    writeFileSync(join(folder, 'home'), `${dirname(varFolder)}\n`)
  }
  const cluster = join(folder, 'cluster')
  return {
    home: dirname(varFolder),
    folder,
    inHome: folder === inHome,
    cluster,
    data: join(cluster, 'data'),
    lock: join(varFolder, 'locks', 'server.lock'),
    users: join(inHome, 'users'),
    programs: folder,
    socket: null,
    unsynced: null,
    user: serverUser(join(cluster, 'data'), options.user),
  }
}

/** The folder of the servers of rehearsals, below the folder of a home's server or below its part in the home. */
const REHEARSALS = 'rehearsals'

/**
 * Finds the location of the server of one rehearsal database. It runs as the user of the home's server, under the same lock.
 * @param make whether to create missing folders
 * @throws the errors of `locateServer`
 */
export function locateRehearsalServer(
  options: LocationOptions,
  name: string,
  make = true,
): ServerLocation & { facts: string } {
  const server = locateServer(options, make)
  const folder = join(server.folder, REHEARSALS, name)
  const inHome = join(dirname(server.users), REHEARSALS, name)
  if (make) {
    makeFolder(folder, 0o711)
    makeFolder(join(inHome, 'users'), 0o711)
  }
  const cluster = join(folder, 'cluster')
  const data = join(cluster, 'data')
  const users = join(inHome, 'users')
  const socket = socketFolder(server, name)
  const unsynced = bootMark() === '' ? null : join(inHome, 'unsynced')
  return { ...server, folder, cluster, data, users, socket, unsynced, facts: join(inHome, 'facts.json') }
}

/** The system limits the path of a socket to 107 bytes. The name of the folder is short for that reason. */
const LONGEST_SOCKET = 107

function socketFolder({ folder }: ServerLocation, name: string): string | null {
  const socket = join(folder, `s-${sha256(name).slice(0, 8)}`)
  return Buffer.byteLength(join(socket, '.s.PGSQL.65535')) > LONGEST_SOCKET ? null : socket
}

/** The names of the rehearsal databases that have a server of their own. */
export function listRehearsalServers(options: LocationOptions): string[] {
  const folder = join(dirname(locateServer(options, false).users), REHEARSALS)
  return existsSync(folder) ? readdirSync(folder).sort() : []
}

/** Returns binaries that the server's user can run: those of the package, or a copy in the server's folder. */
export function prepareBinaries(place: ServerLocation): Binaries {
  const packaged = locatePackagedBinaries(place.programs)
  const usable = packaged.complete && place.inHome && canReach(join(packaged.bin, 'postgres'), place.user)
  return usable ? packaged : copyBinaries(packaged, place.programs)
}

function chooseFolder(inHome: string, inState: string, name: string | undefined): string {
  if (existsSync(join(inState, 'cluster'))) return inState
  if (existsSync(join(inHome, 'cluster'))) return inHome
  const user = serverUser(join(inHome, 'cluster', 'data'), name)
  if (user === null) return inHome
  return canReach(inHome, user) && canReach(locatePackagedBinaries(inHome).bin, user) ? inHome : inState
}

function defaultStateDirectory(): string {
  return process.platform === 'darwin' ? '/Library/Application Support/cutter' : '/var/lib/cutter'
}

/** The owner of the data; for a new cluster made by root the configured user, else `postgres`, else `nobody`. */
function serverUser(data: string, name: string | undefined): SystemUser | null {
  if (process.getuid?.() !== 0) return null
  const owner = statOf(data)
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const user = name === undefined ? (systemUser('postgres') ?? systemUser('nobody')) : configuredUser(name)
  if (user !== null) return user
  throw new CutterError(
    'TARGET_UNREACHABLE',
    'PostgreSQL refuses to run as root, and this system has no user `postgres` or `nobody`',
    {
      next: 'run cutter as an ordinary user, or configure a target of your own in cutter.yaml',
    },
  )
}

/** Cutter makes no user: whoever administers the machine decides on its users. */
function configuredUser(name: string): SystemUser {
  const user = systemUser(name)
  if (user !== null && user.uid !== 0) return user
  throw new CutterError(
    'CONFIG_INVALID',
    `embedded.user in cutter.yaml is ${name}, ${user === null ? 'and this system has no such user' : 'as whom PostgreSQL refuses to run'}; nothing was changed`,
    {
      next: 'name an existing user without privileges, or create it: useradd --system --no-create-home cutter-db',
    },
  )
}

/** The ids of a user of this system, from /etc/passwd, or null. */
export function systemUser(name: string): SystemUser | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  // macOS has -2 as the ids of nobody.
  return uid === undefined || gid === undefined ? null : { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }
}

/** Whether the user may enter every folder above the path, and enter or run the path itself. */
function canReach(path: string, user: SystemUser | null): boolean {
  if (user === null) return true
  const stat = statOf(path)
  // A missing path will be created so that the user can reach it.
  if (stat === undefined) return canReach(dirname(path), user)
  const needed = stat.isDirectory() ? 0o1 : 0o5
  const shift = stat.uid === user.uid ? 6 : stat.gid === user.gid ? 3 : 0
  if (((stat.mode >> shift) & needed) !== needed) return false
  return dirname(path) === path || canReach(dirname(path), user)
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    // A file in the place of a folder, or a closed folder, is reported by the code that needs it.
    return undefined
  }
}

/** For root, the mode is set on all created folders, whatever the umask is. Without a mode the umask applies. */
function makeFolder(path: string, mode?: number): void {
  try {
    const first = mkdirSync(path, { recursive: true })
    if (mode === undefined || process.getuid?.() !== 0) return
    for (let made = path; first !== undefined && made.length >= first.length; made = dirname(made))
      chmodSync(made, mode)
  } catch (error) {
    throw new CutterError(
      'STORE_UNWRITABLE',
      `the folder ${path} can't be created or written: ${(error as Error).message}`,
      {
        next: 'make it writable for the user who runs cutter, or choose another folder with --home',
        data: { path },
        cause: error,
      },
    )
  }
}
