import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Mode, Run } from '../../../src/domain/run.ts'
import {
  createDeployFixture,
  type DeployFixture,
  hashFolder,
  listEntries,
  writeFiles,
} from '../../support/deploy-fixture.ts'
import { createFaultInjector } from '../../support/fault-injection.ts'
import { type Sshd, startSshd } from '../../support/sshd.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

/** A home is lost while its deploy has a staging folder on the host. Another home clears the folder. */

const LOST = 'dply-20260101T000000Z-0123abcd'
const NAME = '.cutter-0123456789abcdef'

describe('the staging folder of a lost home', () => {
  let sshd: Sshd
  let d: DeployFixture
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd?.stop())
  beforeEach(async () => {
    d = await createDeployFixture(sshd)
  })
  afterEach(() => d?.remove())

  const clear = (more: { [flag: string]: string } = {}, mode: Mode = 'live') =>
    d.engine.start('rollback', { run: LOST, host: 'box', staging: join(d.srv, NAME), ...more }, { mode })
  const leave = (files: { [path: string]: string } = {}) =>
    writeFiles(join(d.srv, NAME), { run: `${LOST}\n`, lock: '', token: `${LOST}:3000001\n`, ...files })
  // biome-ignore lint/suspicious/noExplicitAny: what the machine reports, as a reader of the JSON meets it
  const reportOf = ({ output }: Run) => output as any

  test('is removed under a signature of SG2, with everything in it', async () => {
    leave({ 'artifact.tar.part.17': 'half', 'tree/app.py': 'half', 'old/1/x': 'x' })
    const before = hashFolder(d.old)
    const paused = await clear()
    expect(paused).toMatchObject({ status: 'paused', gate: 'SG2' })
    expect(existsSync(join(d.srv, NAME))).toBe(true)
    const run = await d.approve(paused)
    expect(run).toMatchObject({ status: 'closed', outcome: 'succeeded' })
    expect(listEntries(d.srv)).toEqual(['app-1'])
    expect(hashFolder(d.old)).toBe(before)
    expect(reportOf(run).standsAs).toMatch(/is gone; releases, links and programs .* stay as they are/)
  })

  test('moves a withdrawn release next to it, because people may have left something there', async () => {
    leave({ 'withdrawn/uploads/photo': 'theirs' })
    const run = await d.approve(await clear())
    expect(run).toMatchObject({ outcome: 'succeeded' })
    expect(listEntries(d.srv)).toEqual(['app-1', 'withdrawn-0123abcd'])
    expect(readFileSync(join(d.srv, 'withdrawn-0123abcd/uploads/photo'), 'utf8')).toBe('theirs')
    expect(reportOf(run).kept).toBe(join(d.srv, 'withdrawn-0123abcd'))
  })

  test('stays in a dry run', async () => {
    leave({ 'tree/app.py': 'half' })
    const before = hashFolder(d.srv)
    const run = await d.approve(await clear({}, 'dry-run'))
    expect(run).toMatchObject({ outcome: 'succeeded' })
    expect(hashFolder(d.srv)).toBe(before)
  })

  test('brings the run back to its gate when the other home still works in it', async () => {
    leave()
    const paused = await clear()
    writeFileSync(join(d.srv, NAME, 'artifact.tar'), 'arrived meanwhile')
    await expect(d.approve(paused)).rejects.toMatchObject({
      message: expect.stringContaining(`${join(d.srv, NAME)} now holds artifact.tar`),
    })
    expect(existsSync(join(d.srv, NAME, 'artifact.tar'))).toBe(true)
    expect(await d.approve(paused)).toMatchObject({ outcome: 'succeeded' })
    expect(listEntries(d.srv)).toEqual(['app-1'])
  })

  test.each([
    ['is missing', () => undefined, 'STOP_REFUSED_INPUT'],
    ['names another run', () => leave({ run: 'dply-20260101T000000Z-ffffffff\n' }), 'STOP_DRIFT'],
    ['names no run', () => mkdirSync(join(d.srv, NAME)), 'STOP_DRIFT'],
    ['is a link', () => symlinkSync(d.old, join(d.srv, NAME)), 'STOP_REFUSED_INPUT'],
  ])('is not touched when it %s', async (_, prepare, code) => {
    prepare()
    const before = hashFolder(d.srv)
    const run = await clear()
    expect(run).toMatchObject({ status: 'stopped', stop: { code } })
    expect(hashFolder(d.srv)).toBe(before)
  })

  test.each<[string, { [flag: string]: string }]>([
    ['another folder', { staging: '/srv/app-1' }],
    ['a relative path', { staging: NAME }],
    ['a path that is not in its normal form', { staging: `/srv/x/../${NAME}` }],
    ['a release as well', { to: 'app-1' }],
    ['a text that is no id of a run', { run: '../x' }],
  ])('is refused before a run exists for %s', async (_, more) => {
    await expect(clear(more)).rejects.toMatchObject({ code: 'INPUT_REFUSED' })
  })

  test('is refused before a run exists with a host alone, and for a run that this home knows', async () => {
    await expect(
      d.engine.start('rollback', { run: LOST, host: 'box' }, { mode: 'live' }),
    ).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
    })
    const { runId } = await d.start('dry-run')
    await expect(clear({ run: runId })).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      message: expect.stringContaining(`this home knows run ${runId}`),
    })
  })
})

test('the staging folder that a real deploy left with its lost home blocks the next deploy until it is cleared', async () => {
  const sshd = await startSshd()
  const at = createFaultInjector()
  const lost = await createDeployFixture(sshd, at)
  const d = await createDeployFixture(sshd)
  try {
    const paused = await lost.start()
    at.fault = {
      step: 'put artifact.tar',
      when: 'after',
      strike() {
        sshd.shut(true)
        sshd.cutAfter(0)
      },
    }
    expect(await lost.approve(paused)).toMatchObject({ status: 'stopped' })
    sshd.shut(false)
    const name = listEntries(lost.srv).find((one) => one.startsWith('.cutter-'))!
    const blocked = await d.start('live', { path: lost.target, previous: lost.old })
    expect(blocked).toMatchObject({ status: 'stopped', stop: { code: 'STOP_PREFLIGHT_FAILED' } })
    const next = `cutter run rollback ${paused.runId} --mode live, and where its home is lost also --host … --staging ${join(lost.srv, name)}`
    expect(blocked.stop!.message).toContain(next)
    const given = { run: paused.runId, host: 'box', staging: join(lost.srv, name) }
    expect(await d.approve(await d.engine.start('rollback', given, { mode: 'live' }))).toMatchObject({
      outcome: 'succeeded',
    })
    expect(listEntries(lost.srv)).toEqual(['app-1'])
    const deployed = await d.approve(await d.resume(blocked))
    expect(deployed).toMatchObject({ outcome: 'succeeded' })
    rmSync(lost.target, { recursive: true })
  } finally {
    await lost.remove()
    await d.remove()
    await sshd.stop()
  }
})
