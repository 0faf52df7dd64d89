import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { verifyRun } from '../../../src/engine/verify-run.ts'
import {
  createDeployFixture,
  type DeployFixture,
  git,
  hashFolder,
  listEntries,
  writeFiles,
} from '../../support/deploy-fixture.ts'
import { type Sshd, startSshd } from '../../support/sshd.ts'

vi.setConfig({ testTimeout: 240_000 })

// biome-ignore lint/suspicious/noExplicitAny: what the machine reports, as a reader of the JSON meets it
const outputOf = ({ output }: Run) => output as any

describe('the rollback machine', () => {
  let sshd: Sshd
  let d: DeployFixture
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.stop())
  beforeEach(async () => {
    d = await createDeployFixture(sshd)
  })
  afterEach(() => d.remove())
  const deployed = async (more = {}) => {
    const run = await d.approve(await d.start('live', more))
    expect(run.outcome).toBe('succeeded')
    return run
  }

  test('removes what the deploy made, and moves changed files and what came besides to a folder of their own', async () => {
    const before = hashFolder(d.srv)
    const run = await deployed()
    const record = await d.store.history(run.runId)

    const dry = await d.rollback(run, 'dry-run')
    expect(dry).toMatchObject({ status: 'paused', state: 'AWAITING_ROLLBACK_AUTHORIZATION', gate: 'SG2' })
    const tried = await d.approve(dry)
    expect(tried).toMatchObject({ outcome: 'succeeded', output: { removed: 0 } })
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])

    symlinkSync('app-2', join(d.srv, 'the app'))
    expect((await d.rollback(run)).stop!.message).toContain(`the app leads to ${d.target}, which is in use`)
    rmSync(join(d.srv, 'the app'))
    writeFileSync(join(d.target, 'runs/of today.log'), 'data')
    appendFileSync(join(d.target, 'app.py'), '# edited\n')
    rmSync(join(d.target, 'app.yaml'))
    const paused = await d.rollback(run)
    const plan = JSON.parse(Buffer.from((await d.store.evidence(paused.planDigest!))!).toString())
    const keep = `${d.target}-withdrawn-${run.runId.slice(-8)}`
    expect(plan).toMatchObject({
      type: 'cutter.plan.rollback/v2',
      ofRun: run.runId,
      found: 'in its place',
      keep,
    })
    const going = plan.removes.map(({ path }: { path: string }) => path)
    expect(going).toEqual(expect.arrayContaining(['app.py', 'runs', 'app.yaml', 'DEPLOY-MANIFEST.txt']))

    // What comes between the plan and the approval is no drift.
    writeFileSync(join(d.target, 'late.txt'), 'late')
    const back = await d.approve(paused)
    expect(back).toMatchObject({ status: 'closed', state: 'CLOSEOUT_REPORTED', outcome: 'succeeded' })
    expect(outputOf(back)).toMatchObject({ asBefore: true, standsAs: `${d.target} is gone`, kept: keep })
    expect(listEntries(d.srv)).toEqual(['app-1', basename(keep)])
    expect(listEntries(keep)).toEqual(['app.py', 'late.txt', 'runs'])
    expect(readFileSync(join(keep, 'runs/of today.log'), 'utf8')).toBe('data')
    rmSync(keep, { recursive: true })
    expect(hashFolder(d.srv).replace(/^\. .*$/m, '')).toBe(before.replace(/^\. .*$/m, ''))
    expect(await verifyRun(d.parts, back.runId)).toMatchObject({ replayed: true })
    expect(await d.store.history(run.runId)).toEqual(record)

    const again = await d.rollback(run)
    expect(again).toMatchObject({ stopCode: 'STOP_REFUSED_INPUT' })
    expect(again.stop!.message).toContain('left nothing to roll back')
  })

  test('returns the pointer to the earlier release, and refuses a link that leads to the release by another path', async () => {
    const app = join(d.srv, 'app')
    mkdirSync(app)
    const flags = { strategy: 'release', path: app }
    const first = await deployed(flags)
    writeFiles(d.repository, {
      'app.py': readFileSync(join(d.repository, 'app.py'), 'utf8').replace('2.0', '2.1'),
    })
    git(d.repository, 'commit', '--quiet', '--all', '-m', 'three')
    const second = await deployed({ ...flags, commit: 'HEAD' })
    const says = () => readFileSync(join(app, 'current/app.py'), 'utf8')
    expect(says()).toContain('app 2.1')

    const current = join(app, 'current')
    const release = readlinkSync(current)
    rmSync(current)
    symlinkSync(join(app, release), current)
    expect((await d.rollback(second)).stop!.message).toContain(`${current} leads to`)
    rmSync(current)
    symlinkSync(release, current)

    const needed = await d.rollback(first)
    expect(needed).toMatchObject({ stopCode: 'STOP_DRIFT', state: 'PENDING' })
    expect(needed.stop!.message).toContain(`is the way back of ${release}, of run ${second.runId}`)
    await d.engine.cancel(needed.runId, { reason: 'only a trial' })
    expect(spawnSync('sha256sum', ['-c', 'DEPLOY-MANIFEST.txt'], { cwd: current }).stderr.toString()).toBe('')

    const back = await d.approve(await d.rollback(second))
    expect(back.outcome).toBe('succeeded')
    expect(says()).toContain('app 2.0')
    expect(listEntries(join(app, 'releases'))).toHaveLength(1)
    expect(outputOf(back).standsAs).toMatch(/is gone; .*current leads to releases\/.* again$/)

    expect((await d.approve(await d.rollback(first))).outcome).toBe('succeeded')
    expect(listEntries(app)).toEqual([])
  })

  test('refuses a deploy before a run exists when the deploy left nothing or can remove it itself', async () => {
    const waiting = await d.start()
    await expect(d.rollback(waiting)).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      next: `cutter run cancel ${waiting.runId} --reason …`,
    })
    const cancelled = await d.engine.cancel(waiting.runId, { reason: 'no' })
    await expect(d.rollback(cancelled)).rejects.toThrow('it ended as cancelled')
    const dry = await d.approve(await d.start('dry-run'))
    await expect(d.rollback(dry)).rejects.toThrow('it was a dry run')
    await expect(d.rollback({ ...dry, runId: 'idep-none' })).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  })

  test('stops at another host, at a changed manifest and at a target that became a link', async () => {
    const run = await deployed()
    const manifest = join(d.target, 'DEPLOY-MANIFEST.txt')
    const text = readFileSync(manifest, 'utf8')
    writeFileSync(manifest, text.replace(/^# commit: .*$/m, '# commit: another'))
    const written = await d.rollback(run)
    expect(written.stop!.message).toContain('DEPLOY-MANIFEST.txt has an unexpected line: # commit: another')
    writeFileSync(manifest, text.replace(run.runId, 'idep-of-somebody'))
    expect((await d.rollback(run)).stop!.message).toContain('holds something else')
    writeFileSync(manifest, text)
    renameSync(d.target, `${d.srv}-moved`)
    symlinkSync(`${d.srv}-moved`, d.target)
    expect((await d.rollback(run)).stop!.message).toContain(`${d.target} is a link by now`)
    rmSync(d.target)
    renameSync(`${d.srv}-moved`, d.target)
    const known = `[127.0.0.1]:${sshd.gatePort} ${sshd.hostKey()}\n`
    try {
      sshd.knownHosts(`[127.0.0.1]:${sshd.gatePort} ${sshd.hostKey('ecdsa')}\n`)
      expect((await d.rollback(run)).stop!.message).toContain('is not the host to which run')
    } finally {
      sshd.knownHosts(known)
    }
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
  })
})
