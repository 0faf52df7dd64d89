import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { ALICE, aSigner, enableExecution, historyOf, LIVE, sign } from '../support/cli-steps.ts'
import {
  createDeployFixture,
  type DeployFixture,
  hashFolder,
  listEntries,
  writeFiles,
} from '../support/deploy-fixture.ts'
import { type SeveralHosts, startSeveralHosts, whyNoSeveralHosts } from '../support/several-hosts.ts'

vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 120_000 })

/**
 * The built program, killed with SIGKILL at every boundary between two hosts, from the host that it leaves and from the one to which it
 * comes. Only `run resume` comes in between.
 */
type When = 'before' | 'after'
type Boundary = [host: string, step: string, when: When]

const HOSTS = ['web1', 'web2', 'web3']
const why = whyNoSeveralHosts()

/** before: the command never starts. after: it is done, and no client learns of it. */
const strike = (folder: string, host: string) => `on=; when=; name=
{ read -r on when name <${folder}/strike; } 2>/dev/null
case "$on $real" in "${host} "*" '$name"*) hit=$when ;; *) hit= ;; esac
if [ -n "$name" ] && [ -n "$hit" ] && mv ${folder}/strike ${folder}/struck 2>/dev/null; then
  [ $hit = before ] && { kill -9 "$(cat ${folder}/pid)"; exit 1; }
  real="( $real ) >/dev/null; kill -9 \\$(cat ${folder}/pid)"
fi
`

/** In the order of the names; the canary is web2. */
const LOCKED: Boundary[] = [
  ['web1', 'stage', 'after'],
  ['web2', 'stage', 'before'],
  ['web3', 'stage', 'after'],
]
const ONE_AFTER_THE_OTHER: Boundary[] = [
  ['web2', 'promoted', 'before'],
  ['web2', 'discard', 'after'],
  ['web1', 'promoted', 'before'],
  ['web1', 'discard', 'after'],
  ['web3', 'promoted', 'before'],
]
/** The last host goes back first. */
const ALL_BACK: Boundary[] = [
  ['web1', 'stage', 'before'],
  ['web1', 'discard', 'after'],
  ['web2', 'stage', 'before'],
  ['web2', 'discard', 'after'],
]

describe.skipIf(why !== null)(
  `the program, killed between hosts${why === null ? '' : ` (skipped: ${why})`}`,
  () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-between-')))
    let hosts: SeveralHosts
    let d: DeployFixture
    let at: CutterHome
    let key: string
    let filesOf: (host: string) => string
    beforeAll(async () => {
      hosts = await startSeveralHosts(HOSTS, (host) => strike(folder, host))
    })
    beforeEach(async () => {
      d = await createDeployFixture(hosts.sshd)
      at = aCutterHome(LIVE)
      at.env.HOME = hosts.sshd.home
      key = aSigner(at, ALICE, 'cutter.*')
      await enableExecution(at)
      filesOf = hosts.furnish(d.srv)
    })
    afterEach(async () => {
      await at.remove()
      await d.remove()
    })
    afterAll(async () => {
      await hosts.stop()
      rmSync(folder, { recursive: true })
    })
    const cutter = (...args: string[]) => at.cutter([...args, '--json'])
    const show = async (runId: string) => jsonOf(await cutter('run', 'show', runId))
    const statesOf = async (runId: string) => {
      const { output } = (await show(runId)) as { output: { hosts: { host: string; state: string }[] } }
      return output.hosts.map(({ host, state }) => `${host} ${state}`)
    }

    async function killAt([host, step, when]: Boundary, args: string[]): Promise<void> {
      writeFileSync(join(folder, 'strike'), `${host} ${when} ${step}\n`)
      const child = spawn(process.execPath, [at.path('.installed/dist/cutter.cjs'), ...args], {
        cwd: at.home,
        env: at.env,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      writeFileSync(join(folder, 'pid'), String(child.pid))
      const output: string[] = []
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (text) => output.push(String(text)))
      const signal = await new Promise((ended) => child.once('close', (_, by) => ended(by)))
      expect([host, step, when, signal, output.join('').slice(-2000)]).toEqual([
        ...[host, step, when, 'SIGKILL'],
        expect.anything(),
      ])
      await vi.waitUntil(() => existsSync(join(folder, 'struck')), { timeout: 30_000 })
      rmSync(join(folder, 'struck'))
    }

    async function nextCommand(runId: string): Promise<string[]> {
      if ((await show(runId)).status !== 'paused') return ['run', 'resume', runId]
      return ['run', 'resume', '--approval', (await sign(at, runId, key)).approvalId]
    }

    async function killAtEach(runId: string, boundaries: Boundary[]): Promise<void> {
      for (const boundary of boundaries) await killAt(boundary, await nextCommand(runId))
    }

    async function startToGate(checks: string): Promise<string> {
      const started = await cutter(
        ...['run', 'start', 'deploy', '--source', d.repository, '--commit', d.commit],
        ...['--host', HOSTS.join(','), '--canary', 'web2', '--path', d.target, '--previous', d.old],
        ...[
          '--checks',
          d.checks(`${checks}\ntolerate: [listening-ports, running-services]`),
          '--mode',
          'live',
        ],
      )
      const { runId, status } = jsonOf(started) as { runId: string; status: string }
      expect(status).toBe('paused')
      return runId
    }

    async function expectClosed(runId: string, outcome: string): Promise<void> {
      expect(await show(runId)).toMatchObject({ status: 'closed', outcome })
      expect((await cutter('run', 'history', runId, '--verify')).code).toBe(0)
      const used = (await historyOf(at, runId)).filter(({ event }) => event.approvalUsed !== undefined)
      expect(used).toHaveLength(1)
    }

    test('completes a deploy to three hosts, and each host is deployed to once', async () => {
      const old = HOSTS.map((host) => hashFolder(join(filesOf(host), 'app-1')))
      const runId = await startToGate('checks: [{ name: runs, run: [python3, app.py, --version] }]')
      await killAtEach(runId, [...LOCKED, ...ONE_AFTER_THE_OTHER, ['web3', 'discard', 'after']])
      await cutter('run', 'resume', runId)
      await expectClosed(runId, 'succeeded')
      expect(await statesOf(runId)).toEqual(['web2 live', 'web1 live', 'web3 live'])
      for (const [index, host] of HOSTS.entries()) {
        expect(listEntries(filesOf(host))).toEqual(['app-1', 'app-2'])
        expect(hashFolder(join(filesOf(host), 'app-1'))).toBe(old[index])
      }
      const done = (await historyOf(at, runId)).filter(
        ({ event }) => event.type === 'xstate.done.actor.finish',
      )
      expect(done).toHaveLength(3)
    })

    test('takes all hosts back after the last one failed', async () => {
      const flag = 'flags/of/this-host/broken'
      writeFiles(filesOf('web3'), { [flag]: '' })
      const before = HOSTS.map((host) => listEntries(filesOf(host)))
      const runId = await startToGate(`checks: [{ name: runs, run: "test ! -e ${d.srv}/${flag}" }]`)
      await killAtEach(runId, [
        ['web3', 'check runs', 'after'],
        ['web3', 'withdraw', 'after'],
      ])
      await cutter('run', 'resume', runId)
      expect(await show(runId)).toMatchObject({ status: 'stopped', stopCode: 'STOP_HOST_FAILED' })
      expect(await statesOf(runId)).toEqual(['web2 live', 'web1 live', 'web3 failed'])
      const [first, ...others] = ALL_BACK
      await killAt(first!, ['run', 'cancel', runId, '--reason', 'enough'])
      await killAtEach(runId, others)
      await cutter('run', 'resume', runId)
      await expectClosed(runId, 'rolled-back')
      expect(await statesOf(runId)).toEqual(['web2 back', 'web1 back', 'web3 failed'])
      expect(HOSTS.map((host) => listEntries(filesOf(host)))).toEqual(before)
    })
  },
)
