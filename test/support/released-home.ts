import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { brotliDecompressSync, constants } from 'node:zlib'
import { build } from 'esbuild'
import { readEmbeddedStatus } from '../../src/targets/embedded/open-embedded.ts'
import type { Answer } from './cli.ts'

/**
 * A home that a released build made, unpacked where it was made: store, evidence, keys, the embedded server's data, the host of its
 * deploys. test/fixtures/<commit>/make.mjs makes one.
 */
export interface ReleasedHome {
  /** The cutter home. */
  home: string
  /** Holds the home, the folders of the host, and the repository that was deployed. */
  root: string
  runs: ReleasedRun[]
  /** Alice's private key. */
  key: string
  /** The build under test. */
  cutter(args: string[]): Promise<Answer>
  remove(): Promise<void>
}

/** A run as the released build left it. */
export interface ReleasedRun {
  /** `<machine>-<dry or live>-<gate>`, or `…-<stopped or killed>-<phase>`. */
  name: string
  runId: string
  machine: string
  mode: 'dry-run' | 'live'
  status: 'working' | 'paused' | 'stopped' | 'closed'
  state: string
  phase: string | null
  gate: string | null
}

interface Fixture {
  commit: string
  root: string
  /** The port at which the runs know their host. */
  port: number
  digests: { [machine: string]: string }
  runs: ReleasedRun[]
}

const folderOf = (commit: string) => resolve(import.meta.dirname, '../fixtures', commit)

/** What the fixture of a released commit holds, without unpacking it. */
export const readFixture = (commit: string) =>
  JSON.parse(readFileSync(join(folderOf(commit), 'runs.json'), 'utf8')) as Fixture

/**
 * Unpacks the home of a released commit into a folder of its own, where its runs can be read but not resumed, because they keep the paths at
 * which they were made.
 */
export function copyReleasedHome(commit: string): { home: string; remove(): void } {
  const { root } = readFixture(commit)
  const folder = mkdtempSync(join(tmpdir(), 'cutter-released-'))
  unpack(commit, folder)
  return {
    home: join(folder, basename(root), 'home'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function unpack(commit: string, folder: string): void {
  const packed = readFileSync(join(folderOf(commit), 'home.tar.br'))
  const params = { [constants.BROTLI_DECODER_PARAM_LARGE_WINDOW]: 1 }
  execFileSync('tar', ['-xpf', '-', '-C', folder], { input: brotliDecompressSync(packed, { params }) })
}

/** Unpacks the home of a released commit and starts its host. One test at a time can hold it, because its path is fixed. */
export async function openReleasedHome(commit: string): Promise<ReleasedHome> {
  const { root, port, runs } = readFixture(commit)
  const unlock = await lock(`${root}.pid`)
  rmSync(root, { recursive: true, force: true })
  unpack(commit, dirname(root))
  const home = join(root, 'home')
  ownClusterByServer(join(home, 'var/embedded/cluster'))
  const stopHost = await startHost(join(root, 'ssh'), port)
  return {
    home,
    root,
    runs,
    key: join(home, 'alice'),
    cutter: (args) => cutter(home, join(root, 'ssh'), args),
    async remove() {
      stopHost()
      const { pid } = await readEmbeddedStatus({ home })
      if (pid !== null) process.kill(pid, 'SIGQUIT')
      rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
      unlock()
      if (pid !== null) throw new Error(`the embedded server of ${home} was left running, as ${pid}`)
    },
  }
}

/** Waits for a file that names the process which holds the lock. A dead process holds nothing. */
async function lock(file: string): Promise<() => void> {
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      return () => rmSync(file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (!isAlive(ownerOf(file))) rmSync(file, { force: true })
      await wait(500)
    }
  }
}

/** The process id in a lock; 0 for one that is gone or just being written. */
function ownerOf(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return 0
  }
}

function isAlive(pid: number): boolean {
  if (pid === 0) return true
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** PostgreSQL refuses to run as root: root gives the data to the user as whom the embedded server runs. */
function ownClusterByServer(cluster: string): void {
  if (process.getuid?.() !== 0) return
  const user = ['postgres', 'nobody'].find((name) => spawnSync('id', ['-u', name]).status === 0)
  execFileSync('chown', ['-R', `${user}:`, cluster])
}

/** The fixture's host: ssh2's server with the fixture's keys, behind a relay at the port that the plans hold. */
async function startHost(folder: string, port: number): Promise<() => void> {
  const outfile = join(folder, 'server.cjs')
  await build({
    entryPoints: [join(import.meta.dirname, 'ssh2-server.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['*.node', 'cpu-features'],
    logLevel: 'error',
  })
  const server = spawn(process.execPath, [outfile], { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/' })
  const text = (name: string) => readFileSync(join(folder, name), 'utf8')
  const keys = { hostKeys: [text('host_key')], authorized: text('.ssh/id_fixture.pub'), hook: null }
  server.stdin.end(JSON.stringify(keys))
  const [line] = await once(createInterface({ input: server.stdout }), 'line')
  const relay = createServer((client) => {
    const upstream = connect(Number(line), '127.0.0.1')
    for (const socket of [client, upstream]) socket.on('error', () => undefined)
    client.pipe(upstream).pipe(client)
  })
  relay.listen(port, '127.0.0.1')
  await once(relay, 'listening')
  return () => {
    relay.close()
    server.kill()
  }
}

function cutter(home: string, sshHome: string, args: string[]): Promise<Answer> {
  const program = resolve(import.meta.dirname, '../../dist/cutter.cjs')
  const child = spawn(process.execPath, [program, ...args], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: sshHome },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const answer = { code: 0, stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      answer[name] += text
    })
  }
  return new Promise((done, fail) => {
    child.once('error', fail)
    child.once('close', (code, signal) => {
      if (code === null) fail(new Error(`cutter ${args.join(' ')} was ended by ${signal}`))
      else done({ ...answer, code })
    })
  })
}
