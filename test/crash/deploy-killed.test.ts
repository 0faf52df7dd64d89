import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { ALICE, aSigner, enableExecution, historyOf, LIVE, sign } from '../support/cli-steps.ts'
import {
  createDeployFixture,
  type DeployFixture,
  hashFolder,
  listEntries,
} from '../support/deploy-fixture.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

vi.setConfig({ testTimeout: 900_000 })

/**
 * The built program, killed with SIGKILL from the host: the host's server runs a hook instead of each command, and git runs behind the same
 * hook. Each run passes all of its boundaries, with one kill after the other and only `run resume` in between.
 */
type When = 'before' | 'during' | 'after'
type Boundary = [step: string, ...when: When[]]
// A discard ends its phase. A later process finds everything done, so that each run has one.

/** before: the command never starts. during: it continues without a client. after: it is done, and no client learns of it. */
const hook = (folder: string) => `#!/bin/sh
real=$SSH_ORIGINAL_COMMAND
if [ -z "$real" ]; then this=" 'git $* '"; else this=$real; fi
go() { if [ -z "$real" ]; then git "$@"; else sh -c "$real"; fi; }
when=; name=
# Commands run side by side, so that another one may have moved the file by now.
{ read -r when name <${folder}/strike; } 2>/dev/null
case "$this" in *" '$name"*) hit=$when ;; *) hit= ;; esac
[ -n "$when" ] && [ -n "$hit" ] || { go "$@"; exit; }
mv ${folder}/strike ${folder}/struck
fell() { kill -9 "$(cat ${folder}/pid)"; }
case $hit in
  before) fell ;;
  during) fell; sleep 0.3; go "$@" >/dev/null 2>&1 </dev/null ;;
  after) if [ "\${this#*"'receive'"}" != "$this" ]; then go; else go "$@" >/dev/null; fi; fell ;;
esac
`

const every: When[] = ['before', 'during', 'after']
const TO_THE_GATE: Boundary[] = [
  ['facts', 'before'],
  [
    'git --no-optional-locks -c core.fsmonitor=false -c core.hooksPath=/dev/null -c core.attributesFile=/dev/null -c log.showSignature=false -c protocol.allow=never rev-parse',
    'before',
  ],
  [
    'git --no-optional-locks -c core.fsmonitor=false -c core.hooksPath=/dev/null -c core.attributesFile=/dev/null -c log.showSignature=false -c protocol.allow=never -c core.autocrlf=false -c core.eol=lf -c tar.umask=0022 archive',
    'before',
  ],
  ['preflight', 'before', 'after'],
  ['stage', 'during', 'after'],
  ['rehearsal-tree', 'during'],
  ['promote', 'during', 'after'],
  ['withdraw', 'during', 'after'],
  ['discard', 'during', 'after'],
]
const TO_THE_PROMOTE: Boundary[] = [
  ['preflight', 'before'],
  ['promoted', 'before'],
  ['stage', ...every],
  ['receive', 'before', 'after'],
  ['extract', ...every],
  ['promote', ...every],
]
const TO_THE_END: Boundary[] = [
  ['build', ...every],
  ['skeleton', ...every],
  ['skeleton-outside', ...every],
  ['check runs', ...every],
  ['counts before', 'before'],
  ['live start', 'before', 'after'],
  ['switch', ...every],
  ['activate', ...every],
  ['confirm', ...every],
  ['health', 'before', 'after'],
  ['sums', 'before'],
  ['anchor', 'before'],
  ['discard', 'before', 'after'],
]
const BACK: Boundary[] = [
  ['stage', ...every],
  ['switch-back', ...every],
  ['withdraw', ...every],
  ['remove-outside', ...every],
  ['discard', 'before', 'during'],
]
const TAKEN_BACK: Boundary[] = [
  ['preflight', 'before'],
  ['stage', ...every],
  ['switch-back', ...every],
  ['withdraw', ...every],
  ['sums', 'before'],
  ['receive', 'before', 'after'],
  // What a removal without its client has done leaves nothing for another one.
  ['remove-listed', 'before', 'during'],
  ['remove-outside', ...every],
  ['discard', 'before', 'after'],
  ['system', 'before'],
]

describe('the program, killed at every boundary', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-killed-')))
  let sshd: Sshd
  let d: DeployFixture
  let at: CutterHome
  let key: string
  beforeAll(async () => {
    writeFileSync(join(folder, 'git'), hook(folder))
    chmodSync(join(folder, 'git'), 0o700)
    sshd = await startSshd(undefined, { hook: hook(folder) })
    d = await createDeployFixture(sshd)
    at = aCutterHome(
      `${LIVE}hosts: { box: { ssh: web, rehearseRollback: true } }\ntools: { git: ${join(folder, 'git')} }\n`,
    )
    key = aSigner(at, ALICE, 'cutter.*')
    await enableExecution(at)
  })
  afterAll(async () => {
    await at.remove()
    await d.remove()
    await sshd.stop()
    rmSync(folder, { recursive: true })
  })
  const env = () => ({ HOME: sshd.home })
  const cutter = (...args: string[]) => at.cutter([...args, '--json'], { env: env() })
  const show = async (runId: string) => jsonOf(await cutter('run', 'show', runId))

  async function killAt(step: string, when: When, args: string[]): Promise<void> {
    writeFileSync(join(folder, 'strike'), `${when} ${step}\n`)
    const program = at.path('.installed/dist/cutter.cjs')
    const child = spawn(process.execPath, [program, ...args], {
      cwd: at.home,
      env: { ...at.env, ...env() },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    writeFileSync(join(folder, 'pid'), String(child.pid))
    const output: string[] = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => output.push(String(text)))
    const signal = await new Promise((ended) => child.once('close', (_, by) => ended(by)))
    expect([step, when, signal, output.join('').slice(-2000)]).toEqual([
      step,
      when,
      'SIGKILL',
      expect.anything(),
    ])
    await vi.waitUntil(() => existsSync(join(folder, 'struck')), { timeout: 30_000 })
    rmSync(join(folder, 'struck'))
  }

  /** The next command of an operator. */
  async function nextCommand(runId: string): Promise<string[]> {
    if ((await show(runId)).status !== 'paused') return ['run', 'resume', runId]
    return ['run', 'resume', '--approval', (await sign(at, runId, key)).approvalId]
  }

  async function killAtEach(runId: string, boundaries: Boundary[]): Promise<void> {
    for (const [step, ...whens] of boundaries)
      for (const when of whens) await killAt(step, when, await nextCommand(runId))
  }

  async function startAndKill(args: string[], boundaries: Boundary[]): Promise<string> {
    const [[step, when], ...others] = boundaries as [[string, When], ...Boundary[]]
    await killAt(step, when, args)
    const [{ runId }] = jsonOf<{ runId: string }[]>(await cutter('run', 'list')) as [{ runId: string }]
    await killAtEach(runId, others)
    return runId
  }

  async function resumeToGate(runId: string): Promise<void> {
    await cutter('run', 'resume', runId)
    expect(await show(runId)).toMatchObject({ status: 'paused', mode: 'live' })
  }

  async function expectClosed(runId: string, outcome: string): Promise<void> {
    await cutter('run', 'resume', runId)
    expect(await show(runId)).toMatchObject({ status: 'closed', outcome })
    expect((await cutter('run', 'history', runId, '--verify')).code).toBe(0)
    const used = (await historyOf(at, runId)).filter(({ event }) => event.approvalUsed !== undefined)
    expect(used).toHaveLength(1)
  }

  const startArgs = (checks: string) => [
    'run',
    'start',
    'deploy',
    '--source',
    d.repository,
    '--commit',
    d.commit,
    '--host',
    'box',
    '--path',
    d.target,
    '--previous',
    d.old,
    '--checks',
    d.checks(checks),
    '--mode',
    'live',
    '--confirm-within',
    '600s',
  ]
  const check = 'checks: [{ name: runs, run: [python3, app.py, --version] }]'
  const more = `
rehearsal: { run: [python3, app.py, rehearse], refused: [python3, app.py, live], counts: [python3, app.py, count] }
skeleton: { folders: [runs], files: { app.yaml: "live: false" }, outside: ["${folder}/outside"] }
build: { run: "mkdir -p runs" }
activate: { run: [sh, -c, 'echo up >"$1"', sh, "${folder}/program"], inverse: [sh, -c, 'echo down >"$1"', sh, "${folder}/program"] }
health: { run: ["grep", up, "${folder}/program"], everySeconds: 0.1 }
tolerate: [listening-ports, running-services]`
  const outside = () => existsSync(join(folder, 'outside'))
  const program = () => readFileSync(join(folder, 'program'), 'utf8').trim()

  test('completes a deploy and then its rollback, and leaves the host as an undisturbed run does', async () => {
    const before = listEntries(d.srv)
    const old = hashFolder(d.old)
    const runId = await startAndKill(startArgs(check + more), TO_THE_GATE)
    await resumeToGate(runId)
    expect(listEntries(d.srv)).toEqual(before)
    await killAtEach(runId, [...TO_THE_PROMOTE, ...TO_THE_END])
    await expectClosed(runId, 'succeeded')
    expect(listEntries(d.srv)).toEqual([...before, 'app-2'])
    expect(listEntries(d.target)).toEqual(['DEPLOY-MANIFEST.txt', 'app.py', 'app.yaml', 'runs', 'tests'])
    expect(hashFolder(d.old)).toBe(old)
    expect([program(), outside()]).toEqual(['up', true])

    const back = await startAndKill(['run', 'rollback', runId, '--mode', 'live'], [['facts', 'before']])
    await resumeToGate(back)
    await killAtEach(back, TAKEN_BACK.slice(1))
    await expectClosed(back, 'succeeded')
    expect([program(), outside()]).toEqual(['down', false])
    expect(listEntries(d.srv)).toEqual(before)
    expect(hashFolder(d.old)).toBe(old)
  })

  test('completes the rollback that follows a failed health check', async () => {
    const before = listEntries(d.srv)
    const failing = more.replace('everySeconds: 0.1', 'retries: 0, expect: { exit: 9 }')
    const runId = await startAndKill(startArgs(check + failing), [['facts', 'before']])
    await resumeToGate(runId)
    await killAtEach(runId, [['activate', 'during'], ['health', 'after'], ...BACK])
    await expectClosed(runId, 'rolled-back')
    expect(listEntries(d.srv)).toEqual(before)
    expect([program(), outside()]).toEqual(['down', false])
  })
})
