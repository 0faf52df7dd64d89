import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { withLock } from '../../locks/with-lock.ts'
import type { RehearsalDatabaseFacts } from '../postgres/rehearsal-database.ts'
import { isKept, type RehearsalPlace } from '../postgres/rehearsal-place.ts'
import { EMBEDDED_TARGET } from '../postgres/rehearsal-server.ts'
import { type EmbeddedServer, LOCK_WAIT_MS, openServer } from './open-embedded.ts'
import { findPostmaster, stopPostmaster } from './postmaster.ts'
import { findSandbox, sandboxOf } from './sandbox.ts'
import { locatePackagedBinaries } from './server-binaries.ts'
import { type ClusterPasswords, randomPassword, removeCompletely } from './server-cluster.ts'
import {
  type LocationOptions,
  listRehearsalServers,
  locateRehearsalServer,
  locateServer,
  type ServerLocation,
} from './server-location.ts'
import { hasServerUsers } from './server-users.ts'
import { mayBeIncomplete } from './unsynced-server.ts'

/** The servers of rehearsals: a cluster for each rehearsal database, with a superuser whose name and password are random. */
export interface RehearsalServers extends RehearsalPlace {
  /** Ends the use of the servers by this process. */
  release(): Promise<void>
}

type Server = EmbeddedServer<ClusterPasswords>

/** Gives access to the servers of rehearsals of a home. A server is created or started when it is needed. */
export function openRehearsalServers(
  options: LocationOptions & {
    log?: (line: string) => void
    registerSecret?(name: string, url: string): void
  },
): RehearsalServers {
  const opened = new Map<string, Promise<Server>>()
  const open = (name: string): Promise<Server> => {
    const server = opened.get(name) ?? openOne(options, name)
    opened.set(name, server)
    server.catch(() => opened.delete(name))
    return server
  }
  const remove = async (name: string) => {
    await (await opened.get(name)?.catch(() => undefined))?.release(false)
    opened.delete(name)
    if (!listRehearsalServers(options).includes(name)) return
    const { lock } = locateServer(options)
    await withLock(lock, LOCK_WAIT_MS, async () => void (await removeServer(options, name)))
  }
  return {
    async readServer() {
      const { version } = locatePackagedBinaries(locateServer(options, false).programs)
      const [major = 0, minor = 0] = version.split('.').map(Number)
      return { versionNumber: major * 10_000 + minor, systemIdentifier: '' }
    },
    async prepare(name) {
      await remove(name)
      const server = await open(name)
      options.registerSecret?.(`the rehearsal server’s superuser`, server.superuserUrl('postgres'))
    },
    adminUrl: async (name, database) => (await open(name)).superuserUrl(database),
    async describe(facts) {
      const { facts: file } = locateRehearsalServer(options, facts.database)
      writeFileSync(`${file}.new`, JSON.stringify(facts), { flush: true })
      renameSync(`${file}.new`, file)
    },
    async list() {
      const all = listRehearsalServers(options).flatMap((name) => readFacts(options, name) ?? [])
      return all.filter(isKept)
    },
    sandbox: async (name) => sandboxOf((await open(name)).pid),
    read: async (name) => readIntact(options, name),
    has: async (name) => readIntact(options, name) !== null,
    remove,
    async release() {
      for (const server of opened.values()) await (await server.catch(() => undefined))?.release()
      opened.clear()
    },
  }
}

/** Says how the servers of rehearsals run: as which user (null: that of this process), and whether they have no network. */
export function readRehearsalProtection(options: LocationOptions): {
  uid: number | null
  noNetwork: boolean
} {
  const { user } = locateServer(options, false)
  return { uid: user?.uid ?? null, noNetwork: findSandbox(user) !== null }
}

function openOne(options: LocationOptions & { log?: (line: string) => void }, name: string): Promise<Server> {
  const place = locateRehearsalServer(options, name)
  const newPasswords = () => ({ [`keeper_${randomBytes(8).toString('hex')}`]: randomPassword() })
  return openServer<ClusterPasswords>(place, newPasswords, options.log, async () => {
    await removeOrphans(options, name)
    // Another process may have taken the new folder for an orphan.
    locateRehearsalServer(options, name)
  })
}

/**
 * Stops the servers of processes that were killed, and removes those whose database was never described, or only proved that a backup
 * can be restored. The caller holds the lock.
 */
async function removeOrphans(options: LocationOptions, but: string): Promise<void> {
  for (const name of listRehearsalServers(options).filter((one) => one !== but)) {
    const place = locateRehearsalServer(options, name, false)
    if (existsSync(place.users) && hasServerUsers(place)) continue
    if (!existsSync(place.facts) || name.startsWith('restored_')) await removeServer(options, name)
    else await stopServer(place)
  }
}

async function stopServer(place: ServerLocation, signal?: 'SIGINT' | 'SIGQUIT'): Promise<boolean> {
  const postmaster = findPostmaster(place.data)
  return postmaster === null || (await stopPostmaster(postmaster, signal))
}

/** The facts go first: without them the rest is an orphan. The caller holds the lock. */
async function removeServer(options: LocationOptions, name: string): Promise<void> {
  const place = locateRehearsalServer(options, name, false)
  removeCompletely(place.facts)
  if (!(await stopServer(place, 'SIGQUIT'))) return
  for (const path of [place.folder, dirname(place.facts), place.socket])
    if (path !== null) removeCompletely(path)
}

/** What is known of a database, unless the system ended before its files were on the disk. Then the backup is restored again. */
function readIntact(options: LocationOptions, name: string): RehearsalDatabaseFacts | null {
  return mayBeIncomplete(locateRehearsalServer(options, name, false)) ? null : readFacts(options, name)
}

function readFacts(options: LocationOptions, name: string): RehearsalDatabaseFacts | null {
  try {
    const { facts } = locateRehearsalServer(options, name, false)
    const text = readFileSync(facts, 'utf8')
    return { ...(JSON.parse(text) as RehearsalDatabaseFacts), place: EMBEDDED_TARGET, database: name }
  } catch {
    return null
  }
}
