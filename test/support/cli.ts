import { spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import pg from 'pg'
import {
  type EmbeddedServer,
  openEmbedded,
  readEmbeddedStatus,
} from '../../src/targets/embedded/open-embedded.ts'
import { locateServer } from '../../src/targets/embedded/server-location.ts'
import { copyCluster } from './copied-cluster.ts'

/** Runs the built command line in a child process, in a home of its own. */

export interface Answer {
  code: number
  stdout: string
  stderr: string
}

/** What run commands print, together with the error. */
export interface RunJson {
  runId: string
  mode: string
  status: string
  state: string
  phase: string | null
  stopCode: string | null
  outcome: string | null
  gate: string | null
  planDigest: string
  startedBy: string
  // biome-ignore lint/suspicious/noExplicitAny: what the machine reports, as a reader of the JSON meets it
  output: any
  stop?: { code: string; message: string; next?: string; data?: { [key: string]: unknown } }
  error?: ErrorJson
}

export interface ErrorJson {
  code: string
  message: string
  next?: string
  reason?: string
  differences?: string[]
  holder?: { pid: number }
}

export interface ApprovalJson {
  approvalId: string
  runId: string
  gate: string
  seq: number
  planDigest: string
  decision: string
  kind: string
}

export interface EntryJson {
  seq: number
  event: { type: string; [key: string]: unknown }
  by: string
  state: string
  status: string
  hash: string
}

export function jsonOf<T = RunJson>({ code, stdout, stderr }: Answer): T {
  try {
    return JSON.parse(stdout) as T
  } catch {
    throw new Error(`no JSON, but exit code ${code}: ${stdout}${stderr}`)
  }
}

interface RunOptions {
  /** The working folder; left out: the home. */
  cwd?: string
  env?: NodeJS.ProcessEnv
  uid?: number
  gid?: number
  /** The path of another build than the one under test. */
  program?: string
}

export interface CutterHome {
  home: string
  env: NodeJS.ProcessEnv
  path(name: string): string
  file(name: string, text: string | Uint8Array): string
  cutter(args: string[], options?: RunOptions): Promise<Answer>
  /** Keeps the embedded server running between commands. */
  server(): Promise<EmbeddedServer>
  /** A superuser's connection to a database of the embedded server, closed with the home. */
  superuser(database?: string): Promise<pg.Client>
  /** Releases the server, so that the last command that uses it stops it. */
  releaseServer(): Promise<void>
  /** Ends and removes everything of this home. Throws when a server was left running. */
  remove(): Promise<void>
}

/** Makes a home with a build of its own. Mode 755 keeps the embedded server's data inside the home, for root too. */
export function aCutterHome(config = ''): CutterHome {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-cli-')))
  chmodSync(home, 0o755)
  const path = (name: string) => join(home, name)
  const file = (name: string, text: string | Uint8Array) => {
    writeFileSync(path(name), text)
    return path(name)
  }
  if (config !== '') file('cutter.yaml', config)
  // Without LANG and LC_*, because nothing may depend on them.
  const env: NodeJS.ProcessEnv = { PATH: process.env.PATH, HOME: home }
  const program = aCopyOfTheBuild(home)
  const clients: pg.Client[] = []
  let server: Promise<EmbeddedServer> | null = null
  const opened = () => (server ??= copyCluster(home).then(() => openEmbedded({ home })))
  const releaseServer = async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()))
    await (await server)?.release()
    server = null
  }
  return {
    home,
    env,
    path,
    file,
    cutter: (args, options = {}) => cutter(options.program ?? program, args, { cwd: home, env, options }),
    server: opened,
    async superuser(database = 'cutter') {
      const client = new pg.Client({ connectionString: (await opened()).url('postgres', database) })
      client.on('error', () => undefined)
      await client.connect()
      clients.push(client)
      return client
    },
    releaseServer,
    async remove() {
      await releaseServer()
      const { pid } = await readEmbeddedStatus({ home })
      if (pid !== null) process.kill(pid, 'SIGQUIT')
      // The servers of a checkout that is closed to others are in the system's state directory.
      for (const owner of [home, join(home, 'var/demo')]) {
        const { folder, inHome } = locateServer({ home: owner }, false)
        if (!inHome) rmSync(folder, { recursive: true, force: true })
      }
      rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
      if (pid !== null) throw new Error(`the embedded server of ${home} was left running, as ${pid}`)
    },
  }
}

/** Copies the build into the home, so that a new build during a test does not change the program of a run. */
function aCopyOfTheBuild(home: string): string {
  const folder = join(home, '.installed')
  const root = resolve(import.meta.dirname, '../..')
  mkdirSync(folder)
  for (const name of ['node_modules', 'migrations', 'package.json']) {
    symlinkSync(join(root, name), join(folder, name))
  }
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  return join(folder, 'dist', 'cutter.cjs')
}

/**
 * Makes the same program with another digest of the cut, which no release knows: to a run of this build it is a changed machine.
 * Returns its path.
 */
export function anotherBuild({ path }: CutterHome): string {
  const files = ['main', 'work', 'rest']
  const texts = files.map((file) => readFileSync(path(`.installed/dist/${file}.cjs`), 'utf8'))
  const [, digest] = /\bcut:"sha256:([0-9a-f]{64})"/.exec(texts.join('')) ?? []
  if (digest === undefined) throw new Error('the build holds no code digest')
  for (const [index, file] of files.entries()) {
    const text = texts[index]!.replaceAll(digest, '0'.repeat(64))
    // The first file names the later ones.
    const other = text.replaceAll(/"\.\/(work|rest)\.cjs"/g, '"./other-$1.cjs"')
    writeFileSync(path(`.installed/dist/other-${file}.cjs`), other)
  }
  return path('.installed/dist/other-main.cjs')
}

function cutter(
  program: string,
  args: string[],
  { cwd, env, options }: { cwd: string; env: NodeJS.ProcessEnv; options: RunOptions },
): Promise<Answer> {
  const { uid, gid } = options
  const child = spawn(process.execPath, [program, ...args], {
    cwd: options.cwd ?? cwd,
    env: { ...env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  return new Promise((done, fail) => {
    child.once('error', fail)
    child.once('close', (code, signal) => {
      if (code === null) fail(new Error(`cutter ${args.join(' ')} was ended by ${signal}`))
      else done({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() })
    })
  })
}
