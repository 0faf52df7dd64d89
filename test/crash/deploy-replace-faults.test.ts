import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../src/domain/run.ts'
import type { Host } from '../../src/targets/ssh/open-host.ts'
import { HostLost } from '../../src/targets/ssh/transport.ts'
import {
  createDeployFixture,
  type DeployFixture,
  git,
  hashFolder,
  listEntries,
  writeFiles,
} from '../support/deploy-fixture.ts'
import { createFaultInjector } from '../support/fault-injection.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

vi.setConfig({ testTimeout: 400_000, hookTimeout: 400_000 })

/** A deploy that replaces an earlier one in place, with a fault at each of its own points. */

const CHECKS = `
checks: [{ name: runs, run: [python3, app.py, --version] }]
tolerate: [listening-ports, running-services]
skeleton: { folders: [runs] }
activate: { run: 'cat release >>../../activated' }
`

/** A script that dies on the host just before one of its own commands, and its client with it. */
interface Half {
  step: string
  before: string
  /** Whether the host lets nobody in afterwards. */
  shuts?: boolean
}

describe('a deploy in place with faults', () => {
  let sshd: Sshd
  let d: DeployFixture
  let earlier: string
  let half: Half | null
  const at = createFaultInjector()
  const host = (real: Host): Host => {
    const faulty = at.host(real)
    return {
      ...faulty,
      async run(argv, options) {
        const now = half
        if (now === null || !argv.includes(now.step)) return faulty.run(argv, options)
        half = null
        const words = argv.map((word) => String(word).replace(now.before, () => `kill -9 $$; ${now.before}`))
        expect(words).not.toEqual([...argv])
        await real.run(words, options)
        if (now.shuts === true) sshd.shut(true)
        sshd.cutAfter(0)
        throw new HostLost(`${now.step} was under way`)
      },
    }
  }
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.stop())
  beforeEach(async () => {
    half = null
    at.fault = null
    d = await createDeployFixture(sshd, { host })
    d.checks(CHECKS)
    const first = await d.approve(await d.start('live', { commit: nextCommit('first') }))
    expect(first.outcome).toBe('succeeded')
    writeFileSync(join(d.target, 'runs', 'log.txt'), 'what the program wrote\n')
    earlier = hashFolder(d.target)
  })
  afterEach(async () => {
    at.fault = null
    sshd.shut(false)
    await d.remove()
  })

  function nextCommit(release: string): string {
    writeFiles(d.repository, { release: `${release}\n` })
    git(d.repository, 'add', '--all')
    git(d.repository, 'commit', '--quiet', '-m', release)
    return git(d.repository, 'rev-parse', 'HEAD')
  }
  const replace = (more = {}) =>
    d.start('live', { strategy: 'replace', commit: nextCommit('second'), ...more })
  const release = () => readFileSync(join(d.target, 'release'), 'utf8').trim()
  const activated = () => readFileSync(join(d.folder, 'activated'), 'utf8').trim().split('\n')
  const cut = () => sshd.cutAfter(0)
  async function untilClosed(run: Run): Promise<Run> {
    let now = run
    for (let tries = 0; now.status === 'stopped' && tries < 4; tries++) now = await d.resume(now)
    return now
  }
  function expectReplaced(run: Run) {
    expect(run).toMatchObject({ status: 'closed', outcome: 'succeeded' })
    const backup = `app-2-before-${run.runId}`
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2', backup])
    expect(release()).toBe('second')
    expect(hashFolder(join(d.srv, backup))).toBe(earlier)
  }
  function expectEarlier() {
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
    expect(hashFolder(d.target)).toBe(earlier)
  }

  describe.each(['promote', 'activate', 'discard'])('the connection breaks at %s', (step) => {
    test.each(['before', 'after'] as const)('%s it: the run continues', async (when) => {
      const paused = await replace()
      at.fault = { step, when, strike: cut }
      const run = await untilClosed(await d.approve(paused))
      expect(at.fault).toBeNull()
      expectReplaced(run)
    })
  })

  const BETWEEN = { step: 'promote', before: 'mv -T -- tree "$target"' }

  test('the host dies between the two renames: the run continues', async () => {
    const paused = await replace()
    half = BETWEEN
    const stopped = await d.approve(paused)
    expect(half).toBeNull()
    expectReplaced(await untilClosed(stopped))
  })

  test('the host dies between the two renames: a cancelled run brings the earlier version back', async () => {
    const paused = await replace()
    half = { ...BETWEEN, shuts: true }
    const stopped = await d.approve(paused)
    expect(stopped.status).toBe('stopped')
    expect(listEntries(d.srv)).not.toContain('app-2')
    sshd.shut(false)
    const run = await untilClosed(await d.engine.cancel(stopped.runId, { reason: 'no' }))
    expect(run.outcome).toBe('rolled-back')
    expectEarlier()
  })

  test('a folder that appears between the two renames is left alone, and the earlier version stays in its backup', async () => {
    const paused = await replace()
    half = { ...BETWEEN, shuts: true }
    const stopped = await d.approve(paused)
    expect(stopped.status).toBe('stopped')
    mkdirSync(d.target)
    writeFileSync(join(d.target, 'theirs.txt'), 'theirs')
    sshd.shut(false)
    const again = await d.resume(stopped)
    expect(again.status).toBe('stopped')
    expect(listEntries(d.target)).toEqual(['theirs.txt'])
    expect(hashFolder(join(d.srv, `app-2-before-${paused.runId}`))).toBe(earlier)
  })

  describe.each(['switch-back', 'withdraw', 'discard'])(
    'the connection breaks at %s of a rollback',
    (step) => {
      test.each(['before', 'after'] as const)('%s it: the rollback continues', async (when) => {
        const run = await d.approve(await replace())
        const back = await d.rollback(run)
        at.fault = { step, when, strike: cut }
        const ended = await untilClosed(await d.approve(back))
        expect(at.fault).toBeNull()
        expect(ended).toMatchObject({ outcome: 'succeeded', output: { asBefore: true } })
        expectEarlier()
        expect(activated()).toEqual(['first', 'second', 'first'])
      })
    },
  )

  test('the host dies between the two renames of a rollback: the rollback continues', async () => {
    const run = await d.approve(await replace())
    const back = await d.rollback(run)
    half = { step: 'switch-back', before: 'mv -T -- "$target-before-$run" "$target"' }
    const ended = await untilClosed(await d.approve(back))
    expect(half).toBeNull()
    expect(ended).toMatchObject({ outcome: 'succeeded', output: { asBefore: true } })
    expectEarlier()
    expect(activated()).toEqual(['first', 'second', 'first'])
  })

  test('the host brings the earlier version back by itself when nobody reaches it after the switch', async () => {
    const paused = await replace({ confirmWithin: '3s' })
    at.fault = {
      step: 'switch',
      when: 'after',
      strike() {
        expect(release()).toBe('second')
        sshd.shut(true)
        cut()
      },
    }
    const stopped = await d.approve(paused)
    expect(stopped.stopCode).toBe('STOP_HOST_UNREACHABLE')
    await vi.waitUntil(() => !existsSync(join(d.srv, `app-2-before-${paused.runId}`)), {
      timeout: 120_000,
      interval: 500,
    })
    sshd.shut(false)
    const resumed = await d.resume(stopped)
    expect(resumed).toMatchObject({ stopCode: 'STOP_NOT_CONFIRMED' })
    expect(resumed.stop!.message).toContain('holds the earlier version again')
    await untilClosed(await d.engine.cancel(resumed.runId, { reason: 'no access' }))
    expectEarlier()
  })
})
