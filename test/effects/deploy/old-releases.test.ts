import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { chooseOldReleases } from '../../../src/effects/deploy/old-releases.ts'
import { listEntries } from '../../support/deploy-fixture.ts'
import { createFaultInjector } from '../../support/fault-injection.ts'
import { createReleaseSite, type ReleaseSite } from '../../support/release-site.ts'
import { type Sshd, startSshd } from '../../support/sshd.ts'

vi.setConfig({ testTimeout: 240_000 })

describe('chooseOldReleases', () => {
  /** Five releases, the newest first; `3` is in force after a rollback. */
  const release = (name: string) => ({ path: name, run: name, deployedAt: name, wayBack: '', linked: false })
  const releases = ['5', '4', '3', '2', '1'].map(release)

  test.each([
    [0, '5 4 2 1'],
    [1, '5 4 2 1'],
    [2, '4 2 1'],
    [3, '2 1'],
    [5, ''],
    [9, ''],
  ])('keep %i leaves the release in force and the newest others', (keep, removed) => {
    const old = chooseOldReleases(releases, { target: '6', inForce: '3', keep })
    expect(old.map(({ path }) => path).join(' ')).toBe(removed)
  })

  test('counts neither the new release nor one to which a link leads as removable', () => {
    const linked = releases.map((one) => ({ ...one, linked: one.path === '1' }))
    const old = chooseOldReleases(linked, { target: '5', inForce: '4', keep: 1 })
    expect(old.map(({ path }) => path)).toEqual(['3', '2'])
  })

  test('removes the oldest where nothing is in force', () => {
    expect(chooseOldReleases(releases, { target: '6', inForce: '', keep: 3 }).map(({ run }) => run)).toEqual([
      '2',
      '1',
    ])
  })
})

describe('a deploy of releases', () => {
  let sshd: Sshd
  let d: ReleaseSite
  const at = createFaultInjector()
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.stop())
  beforeEach(async () => {
    d = await createReleaseSite(sshd, at)
    d.checks('checks: []')
  })
  afterEach(async () => {
    at.fault = null
    await d.remove()
  })

  /** Deploys the versions one after the other, and returns the names of their releases. */
  async function deployVersions(...versions: string[]): Promise<string[]> {
    const names: string[] = []
    for (const version of versions) {
      d.commitVersion(version)
      expect(await d.approve(await d.startNext())).toMatchObject({ outcome: 'succeeded' })
      names.push(basename(d.current()))
    }
    return names
  }
  const releases = () => listEntries(join(d.root, 'releases'))
  const planOf = async (run: Run) =>
    JSON.parse(Buffer.from((await d.store.evidence(run.planDigest!))!).toString())

  test('keep removes the old releases that the approved plan names, and the way back stays', async () => {
    const names = await deployVersions('1', '2', '3')
    d.checks('keep: 1')
    d.commitVersion('4')
    const paused = await d.startNext()
    const { old, commands } = await planOf(paused)
    expect(old.map(({ path }: { path: string }) => basename(path)).sort()).toEqual(names.slice(0, 2).sort())
    expect(commands.map(({ id }: { id: string }) => id)).toContain('remove-old')
    expect(releases()).toHaveLength(3)
    const run = await d.approve(paused)
    expect(run).toMatchObject({ outcome: 'succeeded' })
    expect(releases()).toEqual([names[2]!, basename(d.current())].sort())
    expect(JSON.stringify(run.output)).toContain(`removed: ${basename(old[0].path)}`)
    expect(await d.approve(await d.rollback(run))).toMatchObject({ outcome: 'succeeded' })
    expect(basename(d.current())).toBe(names[2])
  })

  test('a deploy removes no old release before its own is live, and none when it is rolled back', async () => {
    await deployVersions('1', '2', '3')
    d.checks('keep: 0\nhealth: { run: "exit 1", retries: 0 }')
    d.commitVersion('4')
    expect(await d.approve(await d.startNext())).toMatchObject({ outcome: 'rolled-back' })
    expect(releases()).toHaveLength(3)
  })

  test('a deploy leaves folders without a manifest, and releases to which a link leads', async () => {
    const [first, second] = await deployVersions('1', '2', '3')
    mkdirSync(join(d.root, 'releases/by-hand'))
    symlinkSync(`releases/${first}`, join(d.root, 'stable'))
    d.checks('keep: 0')
    d.commitVersion('4')
    const paused = await d.startNext()
    expect((await planOf(paused)).old).toEqual([{ path: `releases/${second}`, run: expect.any(String) }])
    at.fault = {
      step: 'remove-old',
      when: 'before',
      strike: () => symlinkSync(`releases/${second}`, join(d.root, 'late')),
    }
    const run = await d.approve(paused)
    expect(run).toMatchObject({ outcome: 'succeeded' })
    expect(JSON.stringify(run.output)).toContain(
      `left, because it is in use or another run owns it: ${second}`,
    )
    expect(releases()).toEqual(expect.arrayContaining([first, second, 'by-hand']))
  })

  test('a removal that is cut off continues, also when the old release is gone by then', async () => {
    const [first] = await deployVersions('1', '2')
    d.checks('keep: 0')
    d.commitVersion('3')
    const paused = await d.startNext()
    at.fault = { step: 'remove-old', when: 'after', strike: () => expect(releases()).not.toContain(first) }
    const stopped = await d.approve(paused)
    expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_HOST_UNREACHABLE' })
    expect(await d.resume(stopped)).toMatchObject({ outcome: 'succeeded' })
    expect(listEntries(d.root)).toEqual(['current', 'releases'])
  })

  test('an old release of another run at the same path stays', async () => {
    const [first] = await deployVersions('1', '2')
    d.checks('keep: 0')
    d.commitVersion('3')
    const paused = await d.startNext()
    const manifest = join(d.root, 'releases', first!, 'DEPLOY-MANIFEST.txt')
    at.fault = { step: 'remove-old', when: 'before', strike: () => writeFileSync(manifest, '# run: other\n') }
    const run = await d.approve(paused)
    expect(run).toMatchObject({ outcome: 'succeeded' })
    expect(JSON.stringify(run.output)).toContain(
      `left, because it is in use or another run owns it: ${first}`,
    )
    expect(existsSync(manifest)).toBe(true)
  })

  test('keep without releases is refused', async () => {
    d.checks('keep: 1')
    await expect(d.start('live')).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      message: expect.stringContaining('keep of the checks file needs releases'),
    })
  })

  test('a port that somebody opens meanwhile is a warning that names the key, and fails where it is watched', async () => {
    const server = createServer()
    const open = () => new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const close = () => new Promise((done) => server.close(done))
    d.commitVersion('1')
    const paused = await d.startNext()
    at.fault = { step: 'switch', when: 'before', strike: open }
    const run = await d.approve(paused)
    await close()
    expect(run).toMatchObject({ outcome: 'succeeded' })
    expect(JSON.stringify(run.output)).toContain('tolerate: [listening-ports] accepts it')
    d.checks('watch: [listening-ports]')
    d.commitVersion('2')
    const watched = await d.startNext()
    at.fault = { step: 'switch', when: 'before', strike: open }
    expect(await d.approve(watched)).toMatchObject({ outcome: 'rolled-back' })
    await close()
  })
})
