import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { verifyRun } from '../../../src/engine/verify-run.ts'
import {
  createDeployFixture,
  type DeployFixture,
  hashFolder,
  listEntries,
} from '../../support/deploy-fixture.ts'
import { type SeveralHosts, startSeveralHosts, whyNoSeveralHosts } from '../../support/several-hosts.ts'

vi.setConfig({ testTimeout: 900_000 })

const why = whyNoSeveralHosts()
const HOSTS = ['web1', 'web2']
const FEW_CHECKS = `checks: [{ name: runs, run: [python3, app.py, --version] }]
tolerate: [listening-ports, running-services]
`

const statesOf = (run: Run) =>
  (run.output as unknown as { hosts: { host: string; state: string }[] }).hosts.map(
    ({ host, state }) => `${host} ${state}`,
  )

describe.skipIf(why !== null)(
  `a rollback on several hosts${why === null ? '' : ` (skipped: ${why})`}`,
  () => {
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

    test('takes a closed deploy back on each host under one plan, and refuses a release to go to', async () => {
      const before = HOSTS.map((host) => hashFolder(join(filesOf(host), 'app-1')))
      const run = await d.approve(await d.start('live', { host: HOSTS.join(',') }))
      expect(run).toMatchObject({ outcome: 'succeeded' })
      await expect(
        d.engine.start('rollback', { run: run.runId, to: 'v1' }, { mode: 'live' }),
      ).rejects.toMatchObject({ code: 'INPUT_REFUSED', message: expect.stringContaining('several hosts') })
      const paused = await d.rollback(run)
      expect(paused).toMatchObject({ status: 'paused', gate: 'SG2' })
      const plan = JSON.parse(Buffer.from((await d.store.evidence(paused.planDigest!))!).toString())
      expect(plan.hosts.map(({ host }: { host: { name: string } }) => host.name)).toEqual(['web2', 'web1'])
      const back = await d.approve(paused)
      expect(back).toMatchObject({ outcome: 'succeeded', output: { asBefore: true } })
      expect(statesOf(back)).toEqual(['web2 back', 'web1 back'])
      for (const [index, host] of HOSTS.entries()) {
        expect(listEntries(filesOf(host))).toEqual(['app-1'])
        expect(hashFolder(join(filesOf(host), 'app-1'))).toBe(before[index])
      }
      expect(await verifyRun(d.parts, back.runId)).toMatchObject({ replayed: true })
    })
  },
)
