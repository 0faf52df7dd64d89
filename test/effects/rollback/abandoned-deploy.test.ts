import { mkdirSync, readFileSync, readlinkSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { buildCloseoutReport } from '../../../src/reports/closeout-report.ts'
import {
  createDeployFixture,
  type DeployFixture,
  git,
  hashFolder,
  listEntries,
  writeFiles,
} from '../../support/deploy-fixture.ts'
import { createFaultInjector } from '../../support/fault-injection.ts'
import { type Sshd, startSshd } from '../../support/sshd.ts'

vi.setConfig({ testTimeout: 480_000, hookTimeout: 120_000 })

/** The host goes away in the middle of a deploy, the run is abandoned, and the host comes back as it was left. */

describe('an abandoned deploy', () => {
  let sshd: Sshd
  let d: DeployFixture
  const at = createFaultInjector()
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd?.stop())
  beforeEach(async () => {
    d = await createDeployFixture(sshd, at)
    d.checks(`checks: [{ name: runs, run: [python3, app.py, --version] }]
activate: { run: [sh, -c, 'echo up >>"$1"', sh, ${join(d.folder, 'program')}], inverse: [sh, -c, 'echo down >>"$1"', sh, ${join(d.folder, 'program')}] }
tolerate: [listening-ports, running-services]`)
  })
  afterEach(async () => {
    at.fault = null
    sshd.shut(false)
    await d?.remove()
  })
  const program = () => readFileSync(join(d.folder, 'program'), 'utf8').split('\n').join(' ').trim()
  const staging = () => listEntries(d.srv).find((name) => name.startsWith('.cutter-'))

  /** A deploy that loses its host at a step, and that is abandoned while nobody reaches it. */
  async function abandonedAt(step: string, when: 'before' | 'after', more = {}): Promise<Run> {
    const paused = await d.start('live', more)
    expect(paused).toMatchObject({ stop: null, gate: 'SG1' })
    at.fault = {
      step,
      when,
      strike() {
        sshd.shut(true)
        sshd.cutAfter(0)
      },
    }
    const stopped = await d.approve(paused)
    expect(at.fault).toBeNull()
    expect(stopped).toMatchObject({ status: 'stopped' })
    const run = await d.abandon(stopped)
    expect(run).toMatchObject({ status: 'closed', outcome: 'abandoned' })
    sshd.shut(false)
    return run
  }

  async function rollBack(run: Run): Promise<Run> {
    const paused = await d.rollback(run)
    expect(paused).toMatchObject({ stop: null, status: 'paused', gate: 'SG2' })
    return d.approve(paused)
  }

  async function closeoutOf({ runId }: Run): Promise<{ markdown: string; facts: object }> {
    const record = (await d.store.storedRun(runId))!
    const { markdown, facts } = buildCloseoutReport({ record } as Parameters<typeof buildCloseoutReport>[0])
    return { markdown, facts: facts as object }
  }

  // What is left: staging with a part of the artifact, with the tree, the promoted tree, a program that was started.
  test.each([
    ['put artifact.tar', 'after'],
    ['promote', 'before'],
    ['promote', 'after'],
    ['activate', 'after'],
  ] as const)('lost at %s, %s it, is cleared by a rollback, which the closeout names', async (step, when) => {
    const before = hashFolder(d.old)
    const run = await abandonedAt(step, when)
    const left = join(d.srv, staging()!)
    const command = `cutter run rollback ${run.runId} --mode live`
    const { markdown, facts } = await closeoutOf(run)
    expect(markdown).toContain(left)
    expect(markdown).toContain(command)
    expect(facts).toMatchObject({ leftOnHost: { staging: left, target: d.target, command } })

    const next = await d.start('live')
    expect(next).toMatchObject({ status: 'stopped' })
    expect(JSON.stringify(next)).toContain(`of run ${run.runId}`)
    expect(JSON.stringify(next)).toContain(command)

    expect(await rollBack(run)).toMatchObject({ outcome: 'succeeded', output: { asBefore: true } })
    expect(listEntries(d.srv)).toEqual(['app-1'])
    expect(hashFolder(d.old)).toBe(before)
    if (step === 'activate') expect(program()).toBe('up down')
    expect((await d.rollback(run)).stop!.message).toContain('left nothing to roll back')

    expect(await d.approve(await d.resume(next))).toMatchObject({ outcome: 'succeeded' })
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
  })

  test('lost between the two renames of a replacement gets the earlier version back', async () => {
    expect(await d.approve(await d.start())).toMatchObject({ outcome: 'succeeded' })
    const earlier = hashFolder(d.target)
    writeFiles(d.repository, { 'more.txt': 'more\n' })
    git(d.repository, 'add', '--all')
    git(d.repository, 'commit', '--quiet', '-m', 'more')
    const run = await abandonedAt('promote', 'before', { strategy: 'replace', commit: 'HEAD' })
    // As a script that the host killed there leaves it.
    renameSync(d.target, `${d.target}-before-${run.runId}`)
    const back = await rollBack(run)
    expect(back).toMatchObject({ outcome: 'succeeded', output: { asBefore: true } })
    expect(hashFolder(d.target)).toBe(earlier)
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
  })

  test('lost after its switch returns the link to the earlier release', async () => {
    const app = join(d.srv, 'app')
    mkdirSync(app)
    const flags = { strategy: 'release', path: app }
    expect(await d.approve(await d.start('live', flags))).toMatchObject({ outcome: 'succeeded' })
    const release = readlinkSync(join(app, 'current'))
    writeFiles(d.repository, { 'more.txt': 'more\n' })
    git(d.repository, 'add', '--all')
    git(d.repository, 'commit', '--quiet', '-m', 'more')
    const run = await abandonedAt('switch', 'after', { ...flags, commit: 'HEAD' })
    expect(readlinkSync(join(app, 'current'))).not.toBe(release)
    expect(await rollBack(run)).toMatchObject({ outcome: 'succeeded', output: { asBefore: true } })
    expect(readlinkSync(join(app, 'current'))).toBe(release)
    expect(listEntries(join(app, 'releases'))).toEqual([basename(release)])
  })

  test('lost before its switch removes the folders that it made outside of its target', async () => {
    const app = join(d.srv, 'app')
    mkdirSync(app)
    const outside = ['data', 'data/runs', 'data/locks'].map((name) => join(d.folder, name))
    d.checks(`checks: [{ name: writes, run: "touch ${join(d.folder, 'data/runs/1')}" }]
skeleton: { outside: ${JSON.stringify(outside)} }
tolerate: [listening-ports, running-services]`)
    const run = await abandonedAt('switch', 'before', { strategy: 'release', path: app })
    expect(listEntries(join(d.folder, 'data'))).toEqual(['locks', 'runs'])
    expect(await rollBack(run)).toMatchObject({
      outcome: 'succeeded',
      output: { staysOutside: outside.slice(0, 2) },
    })
    expect(listEntries(join(d.folder, 'data'))).toEqual(['runs'])
    expect(listEntries(app)).toEqual([])
  })

  test('that was never approved left nothing, and its closeout names no host', async () => {
    const run = await d.abandon(await d.start())
    const { facts } = await closeoutOf(run)
    expect(facts).toMatchObject({ outcome: 'abandoned' })
    expect(facts).not.toHaveProperty('leftOnHost')
    expect((await d.rollback(run)).stop!.message).toContain('left nothing to roll back')
  })

  test('whose staging folder somebody removed leaves nothing to roll back', async () => {
    const run = await abandonedAt('put artifact.tar', 'before')
    rmSync(join(d.srv, staging()!), { recursive: true })
    expect((await d.rollback(run)).stop!.message).toContain('left nothing to roll back')
  })
})
