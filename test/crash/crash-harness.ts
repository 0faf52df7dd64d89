import { execFileSync } from 'node:child_process'
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
import { builtProgram, describeEnding, type Ending, type Running, spawnProgram } from './spawn-program.ts'
import { suspendAt } from './suspended.ts'

export { builtProgram, describeEnding, type Ending, type Running, spawnProgram } from './spawn-program.ts'

/** A run that a test completes. Its start key finds it, even when its start was killed before it printed the id. */
export interface Task {
  key: string
  document: string
  mode: Mode
  /** The file to cut. Left out: the charter of three articles. */
  source?: string
  /** Codes of problems of the text. */
  accept?: string
}

/** A home with its embedded server, the command line as built, and the same command line in a build that kills itself at a chosen point. */
export interface CrashHarness {
  at: CutterHome
  app: App
  /** A superuser's connection to the default target. */
  sql: pg.Client
  /** Starts a command. With `crashAt` it is the build that kills itself there. */
  start(args: string[], crashAt?: string): Running
  run(args: string[], crashAt?: string): Promise<Ending>
  task(name: string, mode?: Mode): Task
  findRun(task: Task): Promise<Run>
  /** Waits until the run exists. */
  waitForRun(task: Task): Promise<Run>
  /** The next command of an operator: start, resume, or resume with an approval, which is signed once for each gate. */
  nextCommand(task: Task): Promise<string[]>
  /** Runs the next commands until the run is closed. Every command must exit with 0. */
  finish(task: Task): Promise<Run>
  /** As `finish`, but until the run waits at a gate. */
  finishUntil(task: Task, gate: string): Promise<Run>
  /** As `finish`, but with the build that kills itself at the point, until it does. */
  killAt(task: Task, crashAt: string): Promise<void>
  /** As `killAt`, with a process that suspends itself there. */
  suspendAt(task: Task, point: string): Promise<Running>
  /** Waits until this many sessions of the run wait for a lock of the target. Returns their statements. */
  waitForBlocked(runId: string, sessions?: number): Promise<string[]>
  /** After the server was killed: connects to the server that the next command started. */
  reconnect(): Promise<void>
  remove(): Promise<void>
}

const APPROVER = 'alice@example.org'

/** Three articles: a short text, and enough units to distinguish all from some. */
export const CHARTER = `# Charter

Read before signing.

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

/** Where the runs of a harness are kept, where that is not its home: what cutter.yaml says, and the variables that it names. */
export interface StoreElsewhere {
  config: string
  env: NodeJS.ProcessEnv
}

export async function startCrashHarness(store?: StoreElsewhere): Promise<CrashHarness> {
  const at = aCutterHome(`execution: { allowLive: true }\n${store?.config ?? ''}`)
  Object.assign(at.env, store?.env)
  const keyFile = makeApproverKey(at)
  const charter = at.file('charter.md', CHARTER)
  const crashing = await buildCrashing(at)
  const enabled = await at.cutter(['execution', 'enable', '--for', '2h', '--reason', 'crash tests'])
  expect(enabled.code).toBe(0)
  await at.server()
  if (store !== undefined) await at.cutter(['doctor'])
  const prepared = await at.cutter(['target', 'init'])
  expect(prepared).toMatchObject({ code: 0 })
  const app = await openApp({ home: at.home, env: at.env, interrupt: new AbortController().signal })

  const start = (args: string[], crashAt?: string) =>
    crashAt === undefined
      ? spawnProgram(at, builtProgram(at), args)
      : spawnProgram(at, crashing, args, { CRASH_AT: crashAt })
  const run = (args: string[], crashAt?: string) => start(args, crashAt).ended

  const approvalFor = async (waiting: Run) => {
    const earlier = await app.store.approvals(waiting.runId)
    const unused = earlier.find(
      ({ usedSeq, statement }) => usedSeq === null && statement.gate === waiting.gate,
    )
    if (unused !== undefined) return unused.approvalId
    // The command line signs, because its build started the run. The app here is from source and has another definition digest.
    const how = waiting.mode === 'live' ? ['sign', '--as', APPROVER, '--key', keyFile] : ['rehearse']
    const [verb, ...flags] = how as [string, ...string[]]
    const signed = await at.cutter(['approval', verb, waiting.runId, ...flags, '--reason', 'read', '--json'])
    expect(signed, signed.stderr).toMatchObject({ code: 0 })
    return jsonOf<ApprovalJson>(signed).approvalId
  }

  const harness: CrashHarness = {
    at,
    app,
    sql: await at.superuser(),
    start,
    run,
    task: (name, mode = 'live') => ({ key: name, document: name.toUpperCase(), mode }),
    async findRun({ key }) {
      const found = await app.store.runByKey(key)
      if (found === null) throw new Error(`no run has the key ${key}`)
      return found
    },
    async waitForRun({ key }) {
      for (const until = Date.now() + 8_000; Date.now() < until; await sleep(10)) {
        const found = await app.store.runByKey(key)
        if (found !== null) return found
      }
      throw new Error(`the run ${key} was not started`)
    },
    async nextCommand({ key, document, mode, source = charter, accept }) {
      const found = await app.store.runByKey(key)
      if (found === null) {
        const input = ['--document', document, '--source', source, '--mode', mode, '--key', key]
        const accepted = accept === undefined ? [] : ['--accept', accept]
        return ['run', 'start', 'cut', ...input, ...accepted, '--json']
      }
      if (found.status !== 'paused') return ['run', 'resume', found.runId, '--json']
      return ['run', 'resume', '--approval', await approvalFor(found), '--json']
    },
    finish: (task) => runUntil(task, (found) => found.status === 'closed'),
    finishUntil: (task, gate) => runUntil(task, (found) => found.gate === gate),
    async killAt(task, crashAt) {
      for (let commands = 0; commands < 3; commands += 1) {
        const ending = await run(await harness.nextCommand(task), crashAt)
        if (ending.signal === 'SIGKILL') return
        if (ending.code !== 0) throw new Error(`it should have died at ${crashAt}: ${describeEnding(ending)}`)
      }
      throw new Error(`no process reached ${crashAt}`)
    },
    async suspendAt(task, point) {
      for (let commands = 0; commands < 3; commands += 1) {
        const found = await suspendAt(at, crashing, await harness.nextCommand(task), point)
        if ('process' in found) return found
        if (found.code !== 0) throw new Error(`it should have stopped at ${point}: ${describeEnding(found)}`)
      }
      throw new Error(`no process reached ${point}`)
    },
    async waitForBlocked(runId, sessions = 1) {
      for (const until = Date.now() + 60_000; Date.now() < until; await sleep(10)) {
        const { rows } = await harness.sql.query<{ query: string }>(
          `select query from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock' order by pid`,
          [`cutter ${runId}`],
        )
        if (rows.length === sessions) return rows.map(({ query }) => query)
      }
      throw new Error(`the sessions of ${runId} wait for no lock`)
    },
    async reconnect() {
      await at.releaseServer()
      harness.sql = await at.superuser()
    },
    async remove() {
      await app.close()
      await at.remove()
    },
  }
  return harness

  async function runUntil(task: Task, there: (found: Run) => boolean): Promise<Run> {
    // One start, two gates, and one more command for an interrupted run.
    for (let commands = 0; commands < 5; commands += 1) {
      const found = await app.store.runByKey(task.key)
      if (found !== null && there(found)) return found
      const args = await harness.nextCommand(task)
      const ending = await run(args)
      if (ending.code !== 0) throw new Error(`cutter ${args.join(' ')}: ${describeEnding(ending)}`)
    }
    throw new Error(`the run ${task.key} does not close`)
  }
}

function makeApproverKey(at: CutterHome): string {
  const file = at.path('approver')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', APPROVER, '-f', file])
  const [type, key] = readFileSync(`${file}.pub`, 'utf8').split(' ')
  at.file('allowed_signers', `${APPROVER} namespaces="cutter.cut.*" ${type} ${key}\n`)
  return file
}

/** Kills the process after `ms` milliseconds, unless it has ended before. */
export async function killAfter({ process: child, ended }: Running, ms: number): Promise<Ending> {
  const timer = setTimeout(() => child.kill('SIGKILL'), ms)
  const ending = await ended
  clearTimeout(timer)
  return ending
}

/**
 * Builds the command line from source, with some of its modules replaced by those in `crashing/`. It has the code digests of the real build
 * next to it, so that either can resume the other's runs.
 */
export async function buildCrashing(at: CutterHome): Promise<string> {
  const dist = at.path('.installed/dist')
  const text = readFileSync(join(dist, 'main.cjs'), 'utf8')
  const digests = /CODE_DIGESTS\w*=(\{(?:\w+:"sha256:[0-9a-f]{64}",?)+\})/.exec(text)?.[1]
  if (digests === undefined) throw new Error('the build holds no code digests')
  const CODE_DIGESTS = digests.replaceAll(/(\w+):"/g, '"$1":"')
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
    define: { CODE_DIGESTS, 'import.meta.url': 'MODULE_URL' },
    banner: { js: "const MODULE_URL = require('node:url').pathToFileURL(__filename).href;" },
    plugins: [replaced, yamlAsData],
  })
  return outfile
}

const replaced: Plugin = {
  name: 'replaced',
  setup({ onResolve }) {
    onResolve({ filter: /\/(open-app|open-target|migration-database)\.ts$/ }, ({ path, importer }) => {
      const ours = importer.includes('/test/crash/crashing/')
      return ours ? null : { path: resolve(import.meta.dirname, 'crashing', path.split('/').at(-1)!) }
    })
  },
}
