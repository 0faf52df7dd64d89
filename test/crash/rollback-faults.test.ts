import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../src/domain/run.ts'
import {
  createDeployFixture,
  type DeployFixture,
  hashFolder,
  listEntries,
} from '../support/deploy-fixture.ts'
import { createFaultInjector } from '../support/fault-injection.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

vi.setConfig({ testTimeout: 240_000 })

const STEPS = ['stage', 'switch-back', 'withdraw', 'put files', 'put folders', 'remove-listed', 'discard']

describe('a rollback with faults', () => {
  let sshd: Sshd
  let d: DeployFixture
  let paused: Run
  let old: string
  const at = createFaultInjector()
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.stop())
  beforeEach(async () => {
    d = await createDeployFixture(sshd, at)
    old = hashFolder(d.old)
    d.checks('checks: [{ name: runs, run: [python3, app.py, --version] }]\ntolerate: [listening-ports]')
    paused = await d.rollback(await d.approve(await d.start()))
    expect(paused).toMatchObject({ stop: null, status: 'paused', gate: 'SG2' })
  })
  afterEach(async () => {
    at.fault = null
    sshd.shut(false)
    await d.remove()
  })
  const staging = () => join(d.srv, listEntries(d.srv).find((name) => name.startsWith('.cutter-'))!)

  describe.each(STEPS)('the connection breaks at %s', (step) => {
    test.each(['before', 'after'] as const)(
      '%s the step is done: the rollback continues from what the host holds',
      async (when) => {
        at.fault = { step, when, strike: () => sshd.cutAfter(0) }
        let run = await d.approve(paused)
        expect(at.fault).toBeNull()
        for (let tries = 0; run.status === 'stopped' && tries < 3; tries++) run = await d.resume(run)
        expect(run).toMatchObject({ outcome: 'succeeded', output: { asBefore: true } })
        expect(listEntries(d.srv)).toEqual(['app-1'])
        expect(hashFolder(d.old)).toBe(old)
      },
    )
  })

  test.each(['withdraw', 'remove-listed'])(
    'a rollback moves a file that is added just before %s to a folder of its own',
    async (step) => {
      const folder = () => (step === 'withdraw' ? d.target : join(staging(), 'withdrawn'))
      const strike = () => writeFileSync(join(folder(), 'theirs.txt'), 'theirs')
      at.fault = { step, when: 'before', strike }
      const run = await d.approve(paused)
      expect(run).toMatchObject({ outcome: 'succeeded', output: { asBefore: true } })
      const [, kept] = listEntries(d.srv)
      expect(kept).toMatch(/^app-2-withdrawn-[0-9a-f]{8}$/)
      expect(listEntries(join(d.srv, kept!))).toEqual(['theirs.txt'])
    },
  )

  test('a rollback leaves a folder alone that appears at the target during the rollback', async () => {
    at.fault = {
      step: 'put folders',
      when: 'before',
      strike() {
        mkdirSync(d.target)
        sshd.shut(true)
        sshd.cutAfter(0)
      },
    }
    const stopped = await d.approve(paused)
    expect(stopped.stopCode).toBe('STOP_OUTCOME_UNKNOWN')
    sshd.shut(false)
    expect((await d.resume(stopped)).outcome).toBe('succeeded')
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
    expect(listEntries(d.target)).toEqual([])
  })

  test('a rollback completes an earlier one that was cancelled half-way', async () => {
    at.fault = {
      step: 'put files',
      when: 'before',
      strike() {
        sshd.shut(true)
        sshd.cutAfter(0)
      },
    }
    const stopped = await d.approve(paused)
    sshd.shut(false)
    await d.engine.cancel(stopped.runId, { reason: 'another will' })
    const { run } = stopped.input as { run: string }
    const other = await d.rollback({ ...stopped, runId: run })
    expect(other).toMatchObject({ status: 'paused' })
    expect((await d.approve(other)).outcome).toBe('succeeded')
    expect(listEntries(d.srv)).toEqual(['app-1'])
  })
})
