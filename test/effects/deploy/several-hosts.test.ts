import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { explain } from '../../../src/engine/explain.ts'
import { verifyRun } from '../../../src/engine/verify-run.ts'
import {
  createDeployFixture,
  type DeployFixture,
  hashFolder,
  listEntries,
  writeFiles,
} from '../../support/deploy-fixture.ts'
import { type SeveralHosts, startSeveralHosts, whyNoSeveralHosts } from '../../support/several-hosts.ts'

vi.setConfig({ testTimeout: 900_000 })

const why = whyNoSeveralHosts()
const HOSTS = ['web1', 'web2', 'web3']
const FEW_CHECKS = `checks: [{ name: runs, run: [python3, app.py, --version] }]
tolerate: [listening-ports, running-services]
`

/** The phases of each host after the approval. */
const EACH = [
  ...['transfer_promote', 'build', 'prepare', 'post_checks', 'rehearse', 'switch_release', 'activate'],
  ...['health', 'integrity', 'finish'],
]

// biome-ignore lint/suspicious/noExplicitAny: what the machine reports, as a reader of the JSON meets it
const outputOf = ({ output }: Run) => output as any
const statesOf = (run: Run) =>
  Object.fromEntries(
    (outputOf(run).hosts as { host: string; state: string }[]).map(({ host, state }) => [host, state]),
  )

describe.skipIf(why !== null)(`a deploy to several hosts${why === null ? '' : ` (skipped: ${why})`}`, () => {
  let hosts: SeveralHosts
  let d: DeployFixture
  let filesOf: (host: string) => string
  beforeAll(async () => {
    hosts = await startSeveralHosts(HOSTS)
  })
  afterAll(() => hosts.stop())
  beforeEach(async () => {
    d = await createDeployFixture(hosts.sshd)
    d.checks(FEW_CHECKS)
    filesOf = hosts.furnish(d.srv)
  })
  afterEach(() => d.remove())

  const start = (more: { [flag: string]: string } = {}, mode: 'live' | 'dry-run' = 'live') =>
    d.start(mode, { host: HOSTS.join(','), serial: '1', canary: 'web2', maxFailures: '0', ...more })
  const entriesOf = (host: string) => listEntries(filesOf(host))
  const evidenceOf = async (run: Run) => (await d.store.evidenceOf(run.runId)).map(({ name }) => name)
  /** A file below the folder that all hosts have, which no deploy watches: the check of the host that has it fails. */
  const flag = 'flags/of/this-host/broken'
  const breakOn = (host: string) => {
    d.checks(FEW_CHECKS.replace('[python3, app.py, --version]', `"test ! -e ${d.srv}/${flag}"`))
    writeFiles(filesOf(host), { [flag]: '' })
  }
  const repair = (host: string) => rmSync(join(filesOf(host), flag))

  test('has one plan that lists each host, and goes to the canary first', async () => {
    const before = HOSTS.map((host) => hashFolder(join(filesOf(host), 'app-1')))
    const paused = await start()
    expect(paused).toMatchObject({ status: 'paused', gate: 'SG1' })
    const { hosts: explained } = await explain(d.parts, paused.runId)
    expect(explained).toEqual(
      ['web2', 'web1', 'web3'].map((host) => ({ host, state: 'pending', why: null, ahead: EACH })),
    )
    const plan = JSON.parse(Buffer.from((await d.store.evidence(paused.planDigest!))!).toString())
    expect(plan).toMatchObject({ serial: 1, canary: 'web2', maxFailures: 0 })
    expect(plan.hosts.map(({ host }: { host: { name: string } }) => host.name)).toEqual([
      'web2',
      'web1',
      'web3',
    ])
    const run = await d.approve(paused)
    expect(run).toMatchObject({ status: 'closed', state: 'CLOSEOUT_REPORTED', outcome: 'succeeded' })
    expect(statesOf(run)).toEqual({ web1: 'live', web2: 'live', web3: 'live' })
    for (const [index, host] of HOSTS.entries()) {
      expect(entriesOf(host)).toEqual(['app-1', 'app-2'])
      expect(hashFolder(join(filesOf(host), 'app-1'))).toBe(before[index])
      const manifest = readFileSync(join(filesOf(host), 'app-2/DEPLOY-MANIFEST.txt'), 'utf8')
      expect(manifest).toContain(`run: ${run.runId}\n`)
    }
    const history = await d.store.history(run.runId)
    const finished = history.filter(({ event }) => event.type === 'xstate.done.actor.finish')
    expect(finished).toHaveLength(3)
    expect(await evidenceOf(run)).toEqual(
      expect.arrayContaining(HOSTS.map((host) => `commands/transfer_promote/${host}`)),
    )
    expect(await verifyRun(d.parts, run.runId)).toMatchObject({ replayed: true })
    const report = (await d.store.evidenceOf(run.runId)).findLast(({ name }) => name === 'report/deploy')!
    const text = Buffer.from((await d.store.evidence(report.digest))!).toString()
    for (const host of HOSTS) expect(text).toContain(`host ${host}: live`)
  })

  test('plans the same twice, and writes nothing in a dry run', async () => {
    const before = HOSTS.map((host) => hashFolder(filesOf(host)))
    const paused = await start({}, 'dry-run')
    const again = await start({}, 'dry-run')
    expect(again.planDigest).toBe(paused.planDigest)
    const run = await d.approve(paused)
    expect(run).toMatchObject({ outcome: 'succeeded', mode: 'dry-run' })
    expect(statesOf(run)).toEqual({ web1: 'tried', web2: 'tried', web3: 'tried' })
    expect(HOSTS.map((host) => hashFolder(filesOf(host)))).toEqual(before)
  })

  test('halts at the first failure, and a resume tries that host again', async () => {
    breakOn('web1')
    const halted = await d.approve(await start())
    expect(halted).toMatchObject({ status: 'stopped', state: 'HALTED', stopCode: 'STOP_HOST_FAILED' })
    expect(halted.stop!.message).toContain('web1 (post_checks: runs ended with 1')
    expect(statesOf(halted)).toEqual({ web1: 'failed', web2: 'live', web3: 'pending' })
    expect([entriesOf('web1'), entriesOf('web2')]).toEqual([
      ['app-1', 'flags'],
      ['app-1', 'app-2'],
    ])
    expect(existsSync(join(filesOf('web3'), 'app-2'))).toBe(false)
    const { hosts: explained } = await explain(d.parts, halted.runId)
    expect(explained.map(({ host, state }) => [host, state])).toEqual([
      ['web2', 'live'],
      ['web1', 'failed'],
      ['web3', 'pending'],
    ])
    expect(explained.map(({ ahead }) => ahead)).toEqual([[], EACH, EACH])
    const again = await d.resume(halted)
    expect(again).toMatchObject({ state: 'HALTED', stopCode: 'STOP_HOST_FAILED' })
    repair('web1')
    const run = await d.resume(again)
    expect(run).toMatchObject({ outcome: 'succeeded' })
    expect(statesOf(run)).toEqual({ web1: 'live', web2: 'live', web3: 'live' })
    expect(outputOf(run).gates.G5.status).toBe('PASS')
  })

  test('takes all hosts back when it is cancelled after it halted', async () => {
    breakOn('web3')
    const halted = await d.approve(await start())
    expect(statesOf(halted)).toEqual({ web1: 'live', web2: 'live', web3: 'failed' })
    const run = await d.engine.cancel(halted.runId, { reason: 'enough' })
    expect(run).toMatchObject({ status: 'closed', outcome: 'rolled-back', state: 'ROLLED_BACK' })
    expect(statesOf(run)).toEqual({ web1: 'back', web2: 'back', web3: 'failed' })
    expect(HOSTS.map(entriesOf)).toEqual([['app-1'], ['app-1'], ['app-1', 'flags']])
  })

  test('continues with the next host while fewer have failed than may', async () => {
    breakOn('web1')
    const run = await d.approve(await start({ maxFailures: '1' }))
    expect(run).toMatchObject({ outcome: 'succeeded' })
    expect(statesOf(run)).toEqual({ web1: 'failed', web2: 'live', web3: 'live' })
  })

  test('halts when its canary fails, however many may fail', async () => {
    breakOn('web2')
    const halted = await d.approve(await start({ maxFailures: '2' }))
    expect(halted).toMatchObject({ state: 'HALTED' })
    expect(statesOf(halted)).toEqual({ web1: 'pending', web2: 'failed', web3: 'pending' })
    const run = await d.engine.cancel(halted.runId, { reason: 'enough' })
    expect(outputOf(run).standsAs).toBe('rolled back on 1 host; 2 hosts not deployed to')
  })
})
