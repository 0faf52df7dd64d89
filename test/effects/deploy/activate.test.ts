import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { listEntries, writeFiles } from '../../support/deploy-fixture.ts'
import { createFaultInjector } from '../../support/fault-injection.ts'
import { createLiveProgram, type LiveProgram } from '../../support/live-program.ts'
import { createReleaseSite, type ReleaseSite } from '../../support/release-site.ts'
import { type Sshd, startSshd } from '../../support/sshd.ts'

vi.setConfig({ testTimeout: 240_000 })

/** Releases of a program that runs: what it answers, and in which folder it runs, after every way forward and back. */
describe('a deploy with activate and health', () => {
  let sshd: Sshd
  let d: ReleaseSite
  let root: string
  let live: LiveProgram
  const at = createFaultInjector()
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.stop())
  beforeEach(async () => {
    d = await createReleaseSite(sshd, at)
    root = d.root
    live = createLiveProgram(d.folder, root)
  })
  afterEach(async () => {
    at.fault = null
    sshd.shut(false)
    live.stop()
    await d.remove()
  })

  const json = JSON.stringify
  const checksOf = (version: string, { check = 'true', health = version, more = '' } = {}) =>
    d.checks(`
checks: [{ name: in place, run: ${json(check)} }]
activate: { run: ${json(live.restart)}, timeoutSeconds: 20 }
health: { run: ${json(live.answers(health))}, retries: 1, everySeconds: 0.1, timeoutSeconds: 20 }
tolerate: [running-services, listening-ports, parent-listing]
${more}`)

  async function deployFirst(): Promise<string> {
    d.commitVersion('1')
    checksOf('1')
    const run = await d.approve(await d.startRelease())
    expect(run).toMatchObject({ outcome: 'succeeded' })
    return d.current()
  }

  async function expectLive(version: string, release: string): Promise<void> {
    expect(d.current()).toBe(release)
    expect(await live.ask()).toBe(version)
    expect(live.folder()).toBe(release)
  }

  const expectRolledBack = (run: Run) =>
    expect(run).toMatchObject({ status: 'closed', outcome: 'rolled-back' })
  const noneLeft = () => expect(listEntries(root).filter((name) => name.startsWith('.'))).toEqual([])

  test('runs the checks before the switch, then activates, and asks the live program', async () => {
    const first = await deployFirst()
    await expectLive('1', first)
    d.commitVersion('2')
    const seen = join(d.folder, 'seen')
    checksOf('2', { check: `readlink ${root}/current >${seen}; cat VERSION >>${seen}` })
    const run = await d.approve(await d.startRelease())
    expect(run).toMatchObject({ outcome: 'succeeded' })
    expect(readFileSync(seen, 'utf8')).toBe(`${first.slice(root.length + 1)}\n2`)
    expect(d.current()).not.toBe(first)
    await expectLive('2', d.current())
    expect(existsSync(first)).toBe(true)
    expect(run.output).toMatchObject({ health: { why: 'health: as expected' } })
    noneLeft()
  })

  test('a check that fails was never live: the pointer did not move and nothing was activated', async () => {
    const first = await deployFirst()
    d.commitVersion('2')
    const seen = join(d.folder, 'seen')
    checksOf('2', { check: `readlink ${root}/current >${seen}; exit 1` })
    expectRolledBack(await d.approve(await d.startRelease()))
    expect(readFileSync(seen, 'utf8')).toBe(`${first.slice(root.length + 1)}\n`)
    await expectLive('1', first)
    expect(readFileSync(join(root, 'restarts'), 'utf8').split('\n')).toHaveLength(2)
    expect(listEntries(join(root, 'releases'))).toHaveLength(1)
  })

  test('a failed health check activates the earlier release again', async () => {
    const first = await deployFirst()
    d.commitVersion('2')
    checksOf('2', { health: 'another' })
    const run = await d.approve(await d.startRelease())
    expectRolledBack(run)
    expect(run.output).toMatchObject({
      failure: expect.stringMatching(/health ended with 1, expected 0.*\(2 of at most 2 tries\)/),
    })
    await expectLive('1', first)
    expect(listEntries(join(root, 'releases'))).toHaveLength(1)
    noneLeft()
  })

  test.each([
    ['a rollback of its own', {}],
    ['a cancellation', { onFailure: 'stop' }],
  ])(
    '%s moves what came besides into a withdrawn folder, and removes what the deploy made',
    async (_, more) => {
      const first = await deployFirst()
      d.commitVersion('2')
      const writes =
        'mkdir -p uploads kept; echo precious >uploads/a.txt; echo b >kept/b; echo changed >VERSION; exit 1'
      checksOf('2', {
        more: 'build: { run: "mkdir -p node_modules/x; echo 1 >node_modules/x/index.js" }\nskeleton: { folders: [kept], files: { app.yaml: x } }',
      })
      const file = readFileSync(join(d.folder, 'checks.yaml'), 'utf8')
      d.checks(file.replace(/health: .*/, `health: { run: ${json(writes)}, retries: 0, timeoutSeconds: 20 }`))
      const failed = await d.approve(await d.startRelease(more))
      const run =
        failed.status === 'closed' ? failed : await d.engine.cancel(failed.runId, { reason: 'enough' })
      expectRolledBack(run)
      await expectLive('1', first)
      const [name, ...others] = listEntries(join(root, 'withdrawn'))
      expect(others).toEqual([])
      const folder = join(root, 'withdrawn', name!)
      expect(run.output).toMatchObject({ rollback: { kept: folder } })
      const left = execFileSync('find', ['.', '-type', 'f'], { cwd: folder, encoding: 'utf8' })
      expect(left.trim().split('\n').sort()).toEqual(['./VERSION', './kept/b', './uploads/a.txt'])
      expect(readFileSync(join(folder, 'uploads/a.txt'), 'utf8')).toBe('precious\n')
      noneLeft()
    },
  )

  test('a failed activation activates the earlier release again', async () => {
    const first = await deployFirst()
    d.commitVersion('2')
    const restart = live.restart
    live.restart = ['sh', '-c', `${live.restart.join(' ')}; [ "$(cat VERSION)" = 1 ]`]
    checksOf('2')
    live.restart = restart
    const run = await d.approve(await d.startRelease())
    expectRolledBack(run)
    expect(run.output).toMatchObject({ failure: expect.stringContaining('activate ended with 1') })
    await expectLive('1', first)
  })

  test('a cancelled deploy runs its inverse in the folder that is in force afterwards', async () => {
    const first = await deployFirst()
    d.commitVersion('2')
    const undone = join(d.folder, 'undone')
    checksOf('2', { health: 'another' })
    d.checks(
      readFileSync(join(d.folder, 'checks.yaml'), 'utf8').replace(
        'timeoutSeconds: 20 }\nhealth',
        `inverse: "pwd >${undone}; ${live.restart.join(' ')}", timeoutSeconds: 20 }\nhealth`,
      ),
    )
    const stopped = await d.approve(await d.startRelease({ onFailure: 'stop' }))
    expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_CHECKS_FAILED', state: 'ACTIVATED' })
    expect(await live.ask()).toBe('2')
    expectRolledBack(await d.engine.cancel(stopped.runId, { reason: 'enough' }))
    expect(readFileSync(undone, 'utf8')).toBe(`${first}\n`)
    await expectLive('1', first)
  })

  test('the watch on the host activates the earlier release when the activation cuts off its own access', async () => {
    const first = await deployFirst()
    d.commitVersion('2')
    checksOf('2')
    const paused = await d.startRelease({ confirmWithin: '3s' })
    at.fault = {
      step: 'activate',
      when: 'after',
      strike() {
        expect(live.folder()).not.toBe(first)
        writeFiles(live.folder()!, { 'uploads/a.txt': 'precious\n' })
        sshd.shut(true)
        sshd.cutAfter(0)
      },
    }
    const stopped = await d.approve(paused)
    expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_HOST_UNREACHABLE' })
    await vi.waitUntil(() => live.folder() === first && listEntries(join(root, 'releases')).length === 1, {
      timeout: 30_000,
    })
    sshd.shut(false)
    await expectLive('1', first)
    const resumed = await d.resume(stopped)
    expect(resumed).toMatchObject({ status: 'stopped', stopCode: 'STOP_NOT_CONFIRMED' })
    expectRolledBack(await d.engine.cancel(resumed.runId, { reason: 'no access' }))
    await expectLive('1', first)
    const withdrawn = join(root, 'withdrawn')
    const [name] = listEntries(withdrawn)
    expect(readFileSync(join(withdrawn, name!, 'uploads/a.txt'), 'utf8')).toBe('precious\n')
    noneLeft()
  })

  test('a rollback whose inverse fails stops, and continues once the inverse works', async () => {
    const first = await deployFirst()
    d.commitVersion('2')
    checksOf('2', { health: 'another' })
    const blocked = join(d.folder, 'blocked')
    writeFiles(d.folder, { blocked: '' })
    const file = readFileSync(join(d.folder, 'checks.yaml'), 'utf8')
    const inverse = `[ ! -e ${blocked} ] && ${live.restart.join(' ')}`
    d.checks(file.replace('activate: {', `activate: { inverse: ${json(inverse)},`))
    const stopped = await d.approve(await d.startRelease())
    expect(stopped).toMatchObject({ status: 'stopped', state: 'ROLLING_BACK' })
    expect(stopped.stop!.message).toContain('switch-back ended with 79')
    // The tree in which the program runs is not removed from under it.
    expect(d.current()).toBe(first)
    expect(await live.ask()).toBe('2')
    rmSync(blocked)
    expectRolledBack(await d.resume(stopped))
    await expectLive('1', first)
  })

  test('cutter run rollback activates the earlier release again', async () => {
    const first = await deployFirst()
    d.commitVersion('2')
    checksOf('2')
    const second = await d.approve(await d.startRelease())
    await expectLive('2', d.current())
    expect(await d.approve(await d.rollback(second))).toMatchObject({ outcome: 'succeeded' })
    await expectLive('1', first)
    expect(listEntries(join(root, 'releases'))).toHaveLength(1)
    noneLeft()
  })

  test('cutter run rollback --to turns pointer and program to any other release, and removes nothing', async () => {
    const first = await deployFirst()
    for (const version of ['2', '3']) {
      d.commitVersion(version)
      checksOf(version)
      expect(await d.approve(await d.startRelease())).toMatchObject({ outcome: 'succeeded' })
    }
    const third = d.current()
    const nowhere = await d.engine.start('rollback', { run: d.ownerOf(third), to: 'none' }, { mode: 'live' })
    expect(nowhere).toMatchObject({ stopCode: 'STOP_REFUSED_INPUT' })
    const to = basename(first)
    const paused = await d.engine.start('rollback', { run: d.ownerOf(third), to }, { mode: 'live' })
    expect(await d.approve(paused)).toMatchObject({ outcome: 'succeeded', output: { removed: 0 } })
    await expectLive('1', first)
    expect(listEntries(join(root, 'releases'))).toHaveLength(3)
    writeFiles(third, { VERSION: 'edited' })
    const edited = await d.engine.start(
      'rollback',
      { run: d.ownerOf(first), to: basename(third) },
      { mode: 'live' },
    )
    expect(edited.stop!.message).toContain('is not as it was deployed: VERSION')
    noneLeft()
  })

  test('a build makes what belongs to the release, and a failing one is rolled back before anything is live', async () => {
    const first = await deployFirst()
    d.commitVersion('2')
    checksOf('2', {
      check: 'cat node_modules/x/index.js',
      more: 'build: { run: "mkdir -p node_modules/x; echo 1 >node_modules/x/index.js" }',
    })
    const run = await d.approve(await d.startRelease())
    expect(run).toMatchObject({ outcome: 'succeeded', output: { build: { made: '1 paths' } } })
    const second = d.current()
    await expectLive('2', second)
    d.commitVersion('3')
    checksOf('3', { more: 'build: { run: "exit 7" }' })
    const failed = await d.approve(await d.startRelease())
    expectRolledBack(failed)
    expect(failed.output).toMatchObject({ failure: 'build: build ended with 7, expected 0' })
    await expectLive('2', second)
    expect(await d.approve(await d.rollback(run))).toMatchObject({
      outcome: 'succeeded',
      output: { kept: null },
    })
    await expectLive('1', first)
  })

  test('the first release warns that nothing takes its activation back', async () => {
    d.commitVersion('1')
    checksOf('1')
    const paused = await d.startRelease()
    expect(JSON.stringify(paused.output)).toContain('activate: nothing takes it back')
  })
})
