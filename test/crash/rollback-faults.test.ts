import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
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

const STEPS = ['stage', 'withdraw', 'put files', 'put folders', 'remove-listed', 'discard']

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

  test('a rollback restores the tree and removes nothing when a file is added just before the withdrawal', async () => {
    const theirs = join(d.target, 'theirs.txt')
    at.fault = { step: 'withdraw', when: 'before', strike: () => writeFileSync(theirs, 'theirs') }
    const stopped = await d.approve(paused)
    expect(stopped).toMatchObject({
      stopCode: 'STOP_DRIFT',
      stop: { message: expect.stringContaining('theirs.txt was added; it was restored') },
    })
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
    expect(listEntries(d.target)).toContain('app.py')
    rmSync(theirs)
    expect((await d.resume(stopped)).outcome).toBe('succeeded')
    expect(listEntries(d.srv)).toEqual(['app-1'])
  })

  test('a rollback keeps and reports a file that is added after the removal began', async () => {
    const theirs = () => join(staging(), 'withdrawn/theirs.txt')
    const late = () => writeFileSync(theirs(), 'theirs')
    at.fault = { step: 'remove-listed', when: 'before', strike: late }
    const stopped = await d.approve(paused)
    expect(stopped).toMatchObject({
      stopCode: 'STOP_HOST_COMMAND_FAILED',
      stop: { message: expect.stringContaining('the rest of it is in') },
    })
    expect(listEntries(join(staging(), 'withdrawn'))).toEqual(['theirs.txt'])
    expect((await d.resume(stopped)).stop!.message).toContain('theirs.txt was added')
    rmSync(theirs())
    expect((await d.resume(stopped)).outcome).toBe('succeeded')
    expect(listEntries(d.srv)).toEqual(['app-1'])
  })

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
