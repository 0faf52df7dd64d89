import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { createDeployFixture, type DeployFixture, listEntries } from '../../support/deploy-fixture.ts'
import { createFaultInjector } from '../../support/fault-injection.ts'
import { type SeveralHosts, startSeveralHosts, whyNoSeveralHosts } from '../../support/several-hosts.ts'

vi.setConfig({ testTimeout: 900_000, hookTimeout: 120_000 })

/** A deploy to several hosts that can’t begin: one of them is blocked before the gate, or taken between the gate and the locks. */

const why = whyNoSeveralHosts()
const HOSTS = ['web1', 'web2']

// biome-ignore lint/suspicious/noExplicitAny: what the machine reports, as a reader of the JSON meets it
const outputOf = ({ output }: Run) => output as any
const statesOf = (run: Run) =>
  outputOf(run).hosts.map(({ host, state }: { host: string; state: string }) => `${host} ${state}`)

describe.skipIf(why !== null)(
  `a deploy to several hosts that can’t begin${why === null ? '' : ` (skipped: ${why})`}`,
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
      await d.remove()
    })
    const entries = () => HOSTS.map((host) => listEntries(filesOf(host)))
    const start = () => d.start('live', { host: HOSTS.join(',') })

    test('frees the hosts that it has locked when another run has taken one, and resumes after that run', async () => {
      const paused = await start()
      const plan = JSON.parse(Buffer.from((await d.store.evidence(paused.planDigest!))!).toString())
      const taken = join(filesOf('web2'), plan.hosts[1].place.staging.slice(d.srv.length + 1))
      // web1 is locked first, after the last check at the gate.
      at.fault = {
        step: 'stage',
        when: 'before',
        strike() {
          mkdirSync(taken)
          writeFileSync(join(taken, 'run'), 'idep-of-another\n')
        },
      }
      const stopped = await d.approve(paused)
      expect(at.fault).toBeNull()
      expect(stopped).toMatchObject({ status: 'stopped', state: 'HOSTS_AUTHORIZED', stopCode: 'STOP_DRIFT' })
      expect(stopped.stop!.message).toMatch(/^web2: .* belongs to another run; no host was changed$/)
      expect(statesOf(stopped)).toEqual(['web1 pending', 'web2 pending'])
      expect(entries()).toEqual([['app-1'], [expect.stringMatching(/^\.cutter-/), 'app-1']])

      rmSync(taken, { recursive: true })
      const run = await d.resume(stopped)
      expect(run).toMatchObject({ outcome: 'succeeded' })
      expect(statesOf(run)).toEqual(['web1 live', 'web2 live'])
    })

    test('that is cancelled then leaves the other run’s folder as it is', async () => {
      const paused = await start()
      const plan = JSON.parse(Buffer.from((await d.store.evidence(paused.planDigest!))!).toString())
      const taken = join(filesOf('web2'), plan.hosts[1].place.staging.slice(d.srv.length + 1))
      at.fault = {
        step: 'stage',
        when: 'before',
        strike() {
          mkdirSync(taken)
          writeFileSync(join(taken, 'run'), 'idep-of-another\n')
        },
      }
      const stopped = await d.approve(paused)
      const run = await d.engine.cancel(stopped.runId, { reason: 'enough' })
      expect(run).toMatchObject({ status: 'closed', outcome: 'rolled-back' })
      expect(statesOf(run)).toEqual(['web1 back', 'web2 back'])
      expect(listEntries(taken)).toEqual(['run'])
    })

    test('reports each host where one is blocked before the gate, and proves that all are as they were', async () => {
      mkdirSync(join(filesOf('web2'), 'app-2'))
      const blocked = await start()
      expect(blocked).toMatchObject({ status: 'stopped', state: 'G2_ARTIFACT' })
      expect(blocked.stop!.message).toMatch(/^web2: /)
      const { gates, untouched } = outputOf(blocked)
      expect(gates.G3.status).toBe('BLOCKED')
      expect(untouched).toMatchObject({
        web1: { looked: true, identical: true },
        web2: { looked: true, identical: true },
      })
      const report = (await d.store.evidenceOf(blocked.runId)).findLast(
        ({ name }) => name === 'report/deploy',
      )!
      const text = Buffer.from((await d.store.evidence(report.digest))!).toString()
      for (const host of HOSTS) {
        expect(text).toContain(`host ${host}: no mutation of files: the earlier versions and`)
        expect(text).toMatch(new RegExp(`host ${host}: the host: .*"identical":true`))
      }
      for (const stage of ['G4', 'G5', 'G6', 'G7']) expect(gates[stage].status).not.toBe('PASS')

      rmSync(join(filesOf('web2'), 'app-2'), { recursive: true })
      const again = await d.resume(blocked)
      expect(again).toMatchObject({ status: 'paused', gate: 'SG1' })
      expect(statesOf(again)).toEqual(['web1 pending', 'web2 pending'])
      expect(entries()).toEqual([['app-1'], ['app-1']])
    })
  },
)
