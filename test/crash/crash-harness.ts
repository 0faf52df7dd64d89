import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build, type Plugin } from 'esbuild'
import type pg from 'pg'
import { expect } from 'vitest'
import { type App, openApp } from '../../src/app/open-app.ts'
import { yamlAsData } from '../../src/build/yaml-as-data.mjs'
import type { Mode, Run } from '../../src/domain/run.ts'
import { type ApprovalJson, aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'

/** One home with its embedded server, the command line as built, and the same command line in a build that dies where told. */

export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Running {
  process: ChildProcess
  ended: Promise<Ending>
}

/** A run that a test brings to its end. Its start key finds it again, whether or not its start has told the id. */
export interface Task {
  key: string
  document: string
  mode: Mode
  /** The file that is cut; left out, the charter of three articles. */
  source?: string
}

export interface CrashHarness {
  at: CutterHome
  app: App
  /** A superuser's connection to the default target. */
  sql: pg.Client
  /** Starts a command. With `crashAt` it is the build that kills itself there. */
  begin(args: string[], crashAt?: string): Running
  run(args: string[], crashAt?: string): Promise<Ending>
  task(name: string, mode?: Mode): Task
  runOf(task: Task): Promise<Run>
  /** Waits until there is a run. */
  started(task: Task): Promise<Run>
  /** What an operator types next: start, resume, or resume with an approval, which is signed once for each gate. */
  next(task: Task): Promise<string[]>
  /** Types it, and again, until the run is closed as succeeded; every command must exit with 0. */
  finish(task: Task): Promise<Run>
  /** As `finish`, but until the run waits at a gate. */
  until(task: Task, gate: string): Promise<Run>
  /** As `finish`, but with the build that dies at the point, until it does. */
  killedAt(task: Task, crashAt: string): Promise<void>
  /** Waits until so many sessions of the run wait for a lock of the target; gives the statements that they wait in. */
  blocked(runId: string, sessions?: number): Promise<string[]>
  /** After the server was killed: opens what the next command has started again. */
  reconnect(): Promise<void>
  remove(): Promise<void>
}

const APPROVER = 'alice@example.org'

/** Three articles: short, and enough to tell all from some. */
export const CHARTER = `# Charter

Whoever signs has read this.

## Chapter 1 Of the tools

### Article 1

Tools are lent for seven days.

### Article 2

Whoever breaks one says so.

## Chapter 2 Of the doors

### Article 3

The last one out locks them.
`
export const UNITS = 3

export async function startCrashHarness(): Promise<CrashHarness> {
  const at = aCutterHome('execution: { allowLive: true }\n')
  const keyFile = aKey(at)
  const charter = at.file('charter.md', CHARTER)
  const crashing = await buildCrashing(at)
  const enabled = await at.cutter(['execution', 'enable', '--for', '2h', '--reason', 'crash tests'])
  expect(enabled.code).toBe(0)
  await at.server()
  const prepared = await at.cutter(['target', 'init'])
  expect(prepared).toMatchObject({ code: 0 })
  const app = await openApp({ home: at.home, env: at.env, interrupt: new AbortController().signal })

  const begin = (args: string[], crashAt?: string) =>
    crashAt === undefined
      ? spawnProgram(at, builtProgram(at), args)
      : spawnProgram(at, crashing, args, { CRASH_AT: crashAt })
  const run = (args: string[], crashAt?: string) => begin(args, crashAt).ended

  const approvalFor = async (waiting: Run) => {
    const earlier = await app.store.approvals(waiting.runId)
    const unused = earlier.find(
      ({ usedSeq, statement }) => usedSeq === null && statement.gate === waiting.gate,
    )
    if (unused !== undefined) return unused.approvalId
    // At the command line, whose build the run was begun by; the app here is from source and would be another definition.
    const how = waiting.mode === 'live' ? ['sign', '--as', APPROVER, '--key', keyFile] : ['rehearse']
    const [verb, ...flags] = how as [string, ...string[]]
    const signed = await at.cutter(['approval', verb, waiting.runId, ...flags, '--reason', 'read', '--json'])
    expect(signed, signed.stderr).toMatchObject({ code: 0 })
    return jsonOf<ApprovalJson>(signed).approvalId
  }

  const stage: CrashHarness = {
    at,
    app,
    sql: await at.superuser(),
    begin,
    run,
    task: (name, mode = 'live') => ({ key: name, document: name.toUpperCase(), mode }),
    async runOf({ key }) {
      const found = await app.store.runByKey(key)
      if (found === null) throw new Error(`no run has the key ${key}`)
      return found
    },
    async started({ key }) {
      for (const until = Date.now() + 8_000; Date.now() < until; await sleep(10)) {
        const found = await app.store.runByKey(key)
        if (found !== null) return found
      }
      throw new Error(`the run ${key} was not started`)
    },
    async next({ key, document, mode, source = charter }) {
      const found = await app.store.runByKey(key)
      if (found === null) {
        const input = ['--document', document, '--source', source, '--mode', mode, '--key', key]
        return ['run', 'start', 'cut', ...input, '--json']
      }
      if (found.status !== 'paused') return ['run', 'resume', found.runId, '--json']
      return ['run', 'resume', '--approval', await approvalFor(found), '--json']
    },
    finish: (task) => goOn(task, (found) => found.status === 'closed'),
    until: (task, gate) => goOn(task, (found) => found.gate === gate),
    async killedAt(task, crashAt) {
      for (let commands = 0; commands < 3; commands += 1) {
        const ending = await run(await stage.next(task), crashAt)
        if (ending.signal === 'SIGKILL') return
        if (ending.code !== 0) throw new Error(`it should have died at ${crashAt}: ${describeEnding(ending)}`)
      }
      throw new Error(`no process reached ${crashAt}`)
    },
    async blocked(runId, sessions = 1) {
      for (const until = Date.now() + 8_000; Date.now() < until; await sleep(10)) {
        const { rows } = await stage.sql.query<{ query: string }>(
          `select query from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock' order by pid`,
          [`cutter ${runId}`],
        )
        if (rows.length === sessions) return rows.map(({ query }) => query)
      }
      throw new Error(`the sessions of ${runId} wait for no lock`)
    },
    async reconnect() {
      await at.releaseServer()
      stage.sql = await at.superuser()
    },
    async remove() {
      await app.close()
      await at.remove()
    },
  }
  return stage

  async function goOn(task: Task, there: (found: Run) => boolean): Promise<Run> {
    // One start and two gates, and one command more for what was interrupted.
    for (let commands = 0; commands < 5; commands += 1) {
      const found = await app.store.runByKey(task.key)
      if (found !== null && there(found)) return found
      const args = await stage.next(task)
      const ending = await run(args)
      if (ending.code !== 0) throw new Error(`cutter ${args.join(' ')}: ${describeEnding(ending)}`)
    }
    throw new Error(`the run ${task.key} does not come to its end`)
  }
}

export const builtProgram = (at: CutterHome) => at.path('.installed/dist/cutter.cjs')

export const describeEnding = ({ code, signal, stdout, stderr }: Ending) =>
  `${code ?? signal}\n${stdout}${stderr}`

function aKey(at: CutterHome): string {
  const file = at.path('approver')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', APPROVER, '-f', file])
  const [type, key] = readFileSync(`${file}.pub`, 'utf8').split(' ')
  at.file('allowed_signers', `${APPROVER} namespaces="cutter.cut.*" ${type} ${key}\n`)
  return file
}

export function spawnProgram(
  at: CutterHome,
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Running {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: at.home,
    env: { ...at.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const read = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      read[name] += text
    })
  }
  const ended = new Promise<Ending>((done, fail) => {
    child.once('error', fail)
    child.once('close', (code, signal) => done({ code, signal, ...read }))
  })
  return { process: child, ended }
}

/** Kills the process after so many milliseconds, unless it has ended by then. */
export async function killAfter({ process: child, ended }: Running, ms: number): Promise<Ending> {
  const timer = setTimeout(() => child.kill('SIGKILL'), ms)
  const ending = await ended
  clearTimeout(timer)
  return ending
}

/**
 * The command line from source, with two modules of it replaced by those in `crashing/`. It says that it is the build that lies
 * beside it, so that either takes up the other's runs.
 */
async function buildCrashing(at: CutterHome): Promise<string> {
  const dist = at.path('.installed/dist')
  const digest = /\bcut:"(sha256:[0-9a-f]{64})"/.exec(readFileSync(join(dist, 'main.cjs'), 'utf8'))
  if (digest === null) throw new Error('the build holds no code digest')
  const outfile = join(dist, 'crashing.cjs')
  await build({
    entryPoints: [resolve(import.meta.dirname, '../../src/cli/main.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'error',
    define: { CODE_DIGESTS: JSON.stringify({ cut: digest[1] }), 'import.meta.url': 'MODULE_URL' },
    banner: { js: "const MODULE_URL = require('node:url').pathToFileURL(__filename).href;" },
    plugins: [replaced, yamlAsData],
  })
  return outfile
}

const replaced: Plugin = {
  name: 'replaced',
  setup({ onResolve }) {
    onResolve({ filter: /\/(open-app|open-target)\.ts$/ }, ({ path, importer }) => {
      const ours = importer.includes('/test/crash/crashing/')
      return ours ? null : { path: resolve(import.meta.dirname, 'crashing', path.split('/').at(-1)!) }
    })
  },
}
