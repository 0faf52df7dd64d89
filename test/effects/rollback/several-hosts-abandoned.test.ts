import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { buildCloseoutReport } from '../../../src/reports/closeout-report.ts'
import {
  createDeployFixture,
  type DeployFixture,
  hashFolder,
  listEntries,
} from '../../support/deploy-fixture.ts'
import { createFaultInjector } from '../../support/fault-injection.ts'
import { type SeveralHosts, startSeveralHosts, whyNoSeveralHosts } from '../../support/several-hosts.ts'

vi.setConfig({ testTimeout: 900_000, hookTimeout: 120_000 })

/** A host goes away in the middle of a deploy to several, the run is abandoned, and the host comes back as it was left. */

const why = whyNoSeveralHosts()
const HOSTS = ['web1', 'web2', 'web3']

const statesOf = (run: Run) =>
  (run.output as unknown as { hosts: { host: string; state: string }[] }).hosts.map(
    ({ host, state }) => `${host} ${state}`,
  )

describe.skipIf(why !== null)(
  `an abandoned deploy to several hosts${why === null ? '' : ` (skipped: ${why})`}`,
  () => {
    let hosts: SeveralHosts
    let d: DeployFixture
    let filesOf: (host: string) => string
    const at = createFaultInjector()
    beforeAll(async () => {
      hosts = await startSeveralHosts(HOSTS)
    })
    afterAll(() => hosts?.stop())
    beforeEach(async () => {
      d = await createDeployFixture(hosts.sshd, at)
      d.checks(`checks: [{ name: runs, run: [python3, app.py, --version] }]
tolerate: [listening-ports, running-services]`)
      filesOf = hosts.furnish(d.srv)
    })
    afterEach(async () => {
      at.fault = null
      for (const server of hosts.servers.values()) server.shut(false)
      await d.remove()
    })
    const entries = () => HOSTS.map((host) => listEntries(filesOf(host)))
    const staging = (host: string) => listEntries(filesOf(host)).find((name) => name.startsWith('.cutter-'))

    /** A deploy that loses its second host at a step, while the first one is live and the third one is only locked. */
    async function abandonedAt(step: string, when: 'before' | 'after'): Promise<Run> {
      const paused = await d.start('live', { host: HOSTS.join(',') })
      const lost = hosts.servers.get('web2')!
      const strike = () => {
        lost.shut(true)
        lost.cutAfter(0)
      }
      // The first host passes.
      const arm = () => {
        at.fault = { step, when, strike }
      }
      at.fault = { step, when: 'before', strike: arm }
      const stopped = await d.approve(paused)
      expect(at.fault).toBeNull()
      expect(stopped).toMatchObject({ status: 'stopped' })
      expect(statesOf(stopped)).toEqual(['web1 live', 'web2 working', 'web3 pending'])
      const run = await d.abandon(stopped)
      expect(run).toMatchObject({ status: 'closed', outcome: 'abandoned' })
      lost.shut(false)
      return run
    }

    async function rollBack(run: Run): Promise<Run> {
      const paused = await d.rollback(run)
      expect(paused).toMatchObject({ stop: null, status: 'paused', gate: 'SG2' })
      return d.approve(paused)
    }

    // What is left on the second host: staging with a part of the artifact, and the promoted tree.
    test.each([
      ['put artifact.tar', 'after'],
      ['promote', 'after'],
    ] as const)('lost at %s, %s it, is cleared on each host by one rollback', async (step, when) => {
      const before = HOSTS.map((host) => hashFolder(join(filesOf(host), 'app-1')))
      const run = await abandonedAt(step, when)
      expect(HOSTS.map((host) => staging(host) !== undefined)).toEqual([false, true, true])
      const { facts, markdown } = buildCloseoutReport({ record: await d.store.storedRun(run.runId) } as never)
      const command = `cutter run rollback ${run.runId} --mode live`
      expect(facts).toMatchObject({ leftOnHost: { target: d.target, command } })
      expect(markdown).toContain(command)

      const back = await rollBack(run)
      expect(back).toMatchObject({ outcome: 'succeeded', output: { asBefore: true } })
      expect(statesOf(back)).toEqual(['web3 back', 'web2 back', 'web1 back'])
      expect(entries()).toEqual([['app-1'], ['app-1'], ['app-1']])
      expect(HOSTS.map((host) => hashFolder(join(filesOf(host), 'app-1')))).toEqual(before)
      expect((await d.rollback(run)).stop!.message).toContain('left nothing to roll back')

      const next = await d.approve(await d.start('live', { host: HOSTS.join(',') }))
      expect(statesOf(next)).toEqual(['web1 live', 'web2 live', 'web3 live'])
    })

    test('passes over a host on which nothing is left', async () => {
      const run = await abandonedAt('promote', 'before')
      rmSync(join(filesOf('web3'), staging('web3')!), { recursive: true })
      const back = await rollBack(run)
      expect(back).toMatchObject({ outcome: 'succeeded', output: { asBefore: true } })
      expect(statesOf(back)).toEqual(['web2 back', 'web1 back'])
      expect(entries()).toEqual([['app-1'], ['app-1'], ['app-1']])
    })
  },
)
