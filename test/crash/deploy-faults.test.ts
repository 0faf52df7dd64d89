import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
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

/** Each step on the host, with the milestone in which a run stops there. */
const STEPS = [
  ['stage', 'AWAITING_DEPLOY_AUTHORIZATION'],
  ['put artifact.tar', 'AWAITING_DEPLOY_AUTHORIZATION'],
  ['put DEPLOY-MANIFEST.txt', 'AWAITING_DEPLOY_AUTHORIZATION'],
  ['promote', 'AWAITING_DEPLOY_AUTHORIZATION'],
  ['build', 'TRANSFERRED'],
  ['skeleton', 'BUILT'],
  ['skeleton-outside', 'BUILT'],
  ['switch', 'G6_REHEARSED'],
  ['activate', 'SWITCHED'],
  ['confirm', 'SWITCHED'],
  ['health', 'ACTIVATED'],
  ['discard', 'PROVEN'],
] as const

describe('a deploy with faults', () => {
  let sshd: Sshd
  let d: DeployFixture
  const at = createFaultInjector()
  const { host } = at
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.stop())
  afterEach(async () => {
    at.fault = null
    sshd.shut(false)
    await d.remove()
  })

  const plain =
    'checks: [{ name: runs, run: [python3, app.py, --version] }]\ntolerate: [listening-ports, running-services]'
  const complete = `${plain}
build: { run: ": >built" }
skeleton: { folders: [runs], outside: [OUTSIDE] }
activate: { run: "pwd >>../../activated" }
health: { run: "[ -f built ]" }`
  async function atTheGate(checks = plain, more = {}): Promise<Run> {
    d = await createDeployFixture(sshd, { host })
    d.checks(checks.replace('OUTSIDE', join(d.folder, 'outside')))
    return d.start('live', more)
  }
  const cut = () => sshd.cutAfter(0)
  const untilClosed = async (run: Run): Promise<Run> => {
    let now = run
    for (let tries = 0; now.status === 'stopped' && tries < 3; tries++) now = await d.resume(now)
    return now
  }

  describe.each(STEPS)('the connection breaks at %s', (step, state) => {
    test.each(['before', 'after'] as const)(
      '%s the step is done: the run continues from what the host holds',
      async (when) => {
        const paused = await atTheGate(complete, { confirmWithin: '600s' })
        const old = hashFolder(d.old)
        at.fault = { step, when, strike: cut }
        const first = await d.approve(paused)
        expect(at.fault).toBeNull()
        if (first.status === 'stopped')
          expect(first).toMatchObject({ stopCode: 'STOP_HOST_UNREACHABLE', state })
        const run = await untilClosed(first)
        expect(run).toMatchObject({ status: 'closed', outcome: 'succeeded' })
        expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
        expect(listEntries(join(d.folder, 'outside'))).toEqual([])
        expect(hashFolder(d.old)).toBe(old)
      },
    )
  })

  test('a run stops with an unknown outcome when the host is gone, and probes it on resume', async () => {
    const paused = await atTheGate()
    at.fault = {
      step: 'promote',
      when: 'after',
      strike() {
        sshd.shut(true)
        cut()
      },
    }
    const stopped = await d.approve(paused)
    expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_OUTCOME_UNKNOWN' })
    sshd.shut(false)
    const run = await d.resume(stopped)
    expect(run.outcome).toBe('succeeded')
  })

  test('a run that is cancelled during its rehearsal removes what the rehearsal left', async () => {
    d = await createDeployFixture(sshd, { host })
    d.checks(plain)
    at.fault = {
      step: 'rehearsal-tree',
      when: 'after',
      strike() {
        sshd.shut(true)
        cut()
      },
    }
    const stopped = await d.start()
    expect(stopped).toMatchObject({ status: 'stopped', state: 'G3_PREFLIGHT' })
    const cancel = () => d.engine.cancel(stopped.runId, { reason: 'enough' })
    expect(await cancel()).toMatchObject({ status: 'stopped', state: 'CLEARING_REHEARSAL' })
    expect(listEntries(d.srv)).toHaveLength(2)
    sshd.shut(false)
    expect(await d.resume(stopped)).toMatchObject({ outcome: 'cancelled' })
    expect(listEntries(d.srv)).toEqual(['app-1'])
  })

  describe('with --confirm-within', () => {
    const confirmWithin = '3s'
    const later = () => new Promise((done) => setTimeout(done, 6_000))
    const gone = async () => {
      for (let tries = 0; existsSync(d.target) && tries < 30; tries++) await later()
      return !existsSync(d.target)
    }

    test('the host rolls back by itself a deploy that cuts off its own access', async () => {
      d = await createDeployFixture(sshd, { host })
      d.checks(plain)
      const old = hashFolder(d.old)
      const paused = await d.start('live', { confirmWithin })
      at.fault = {
        step: 'switch',
        when: 'after',
        strike() {
          expect(existsSync(d.target)).toBe(true)
          sshd.shut(true)
          cut()
        },
      }
      const stopped = await d.approve(paused)
      expect(stopped.stopCode).toBe('STOP_HOST_UNREACHABLE')
      expect(await gone()).toBe(true)
      await later()
      sshd.shut(false)
      const resumed = await d.resume(stopped)
      expect(resumed).toMatchObject({ status: 'stopped', stopCode: 'STOP_NOT_CONFIRMED' })
      expect(await d.engine.cancel(resumed.runId, { reason: 'no access' })).toMatchObject({
        outcome: 'rolled-back',
      })
      expect(listEntries(d.srv)).toEqual(['app-1'])
      expect(hashFolder(d.old)).toBe(old)
    })

    test('a deploy stays when the host is reached again in time', async () => {
      d = await createDeployFixture(sshd, { host })
      d.checks(plain)
      const run = await d.approve(await d.start('live', { confirmWithin: '20s' }))
      expect(run.outcome).toBe('succeeded')
      await new Promise((done) => setTimeout(done, 22_000))
      expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
    })
  })

  test('a promote leaves a target alone that appears after the last check, and removes what the run made', async () => {
    const paused = await atTheGate()
    at.fault = { step: 'promote', when: 'before', strike: () => writeTheirs(d.target) }
    const stopped = await d.approve(paused)
    expect(stopped).toMatchObject({
      stopCode: 'STOP_DRIFT',
      stop: { message: expect.stringContaining('something appeared') },
    })
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
    expect(listEntries(d.target)).toEqual(['theirs.txt'])
    rmSync(d.target, { recursive: true })
    expect((await d.resume(stopped)).outcome).toBe('succeeded')
  })

  test('a promote and its rollback leave an empty folder alone that appears at the target', async () => {
    const paused = await atTheGate()
    at.fault = { step: 'promote', when: 'before', strike: () => void mkdirSync(d.target) }
    expect((await d.approve(paused)).stopCode).toBe('STOP_DRIFT')
    expect(listEntries(d.target)).toEqual([])
    const run = await d.engine.cancel(paused.runId, { reason: 'theirs' })
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
    expect(run.output).toMatchObject({
      standsAs: `rolled back; in addition, the host changed: something is at ${d.target} that does not name this run, and was left there`,
      rollback: { asBefore: false },
    })
  })

  test('a run stops when mv nests the tree instead of replacing the claim', async () => {
    let nests = false
    d = await createDeployFixture(sshd, {
      host: (real) => ({
        ...real,
        run: ([...argv], options) => {
          const sent = nests ? argv.map((word) => String(word).replace('mv -T -- tree', 'mv -- tree')) : argv
          return real.run(sent, options)
        },
      }),
    })
    d.checks(plain)
    const paused = await d.start()
    nests = true
    const run = await d.approve(paused)
    expect(run).toMatchObject({ status: 'stopped', state: 'AWAITING_DEPLOY_AUTHORIZATION' })
    expect(run.stop!.message).not.toContain('was removed')
    expect(listEntries(d.target)).toEqual(['tree'])
    nests = false
    const still = await d.engine.cancel(run.runId, { reason: 'no' })
    expect(still).toMatchObject({ status: 'stopped', state: 'ROLLING_BACK' })
    expect(still.stop!.message).toContain('withdraw ended with 74')
    rmSync(join(d.target, 'tree'), { recursive: true })
    expect((await d.resume(still)).output).toMatchObject({ standsAs: 'rolled back: the host is as it was' })
    expect(listEntries(d.srv)).toEqual(['app-1'])
  })

  test('a run promotes no artifact whose bytes changed on the way', async () => {
    const paused = await atTheGate()
    at.fault = {
      step: 'put artifact.tar',
      when: 'before',
      strike(local) {
        const bytes = readFileSync(local!)
        bytes.write('app 9.9', bytes.indexOf('app 2.0'))
        writeFileSync(local!, bytes)
      },
    }
    const stopped = await d.approve(paused)
    expect(stopped).toMatchObject({
      stopCode: 'STOP_TRANSFER_FAILED',
      stop: {
        message: expect.stringMatching(
          /^the host received .* what this run had made on the host was removed$/,
        ),
      },
    })
    expect(listEntries(d.srv)).toEqual(['app-1'])
  })

  test('a late promote of a dead client moves no half-extracted tree', async () => {
    const paused = await atTheGate()
    const plan = JSON.parse(Buffer.from((await d.store.evidence(paused.planDigest!))!).toString())
    const { argv } = plan.commands.find(({ id }: { id: string }) => id === 'promote')
    const late = argv.map((word: string) => (word === '{run}' ? paused.runId : word))
    at.fault = {
      step: 'put DEPLOY-MANIFEST.txt',
      when: 'before',
      strike() {
        const staging = listEntries(d.srv).find((name) => name.startsWith('.cutter-'))!
        const token = readFileSync(join(d.srv, staging, 'token'), 'utf8').trim()
        const env = { ...process.env, CUTTER_TOKEN: token }
        expect(spawnSync(late[0], late.slice(1), { env }).status).toBe(66)
        expect(existsSync(d.target)).toBe(false)
      },
    }
    expect((await d.approve(paused)).outcome).toBe('succeeded')
    expect(at.fault).toBeNull()
  })

  test('a second deploy to the same path finds the first and changes nothing of it', async () => {
    const paused = await atTheGate()
    const other = await d.start()
    at.fault = { step: 'promote', when: 'before', strike: cut }
    const first = await d.approve(paused)
    expect(first.stopCode).toBe('STOP_HOST_UNREACHABLE')
    await expect(d.approve(other)).rejects.toMatchObject({
      message: expect.stringContaining(`of run ${paused.runId}`),
    })
    const staged = listEntries(d.srv)
    const late = await d.start()
    expect(late).toMatchObject({ stopCode: 'STOP_PREFLIGHT_FAILED' })
    expect(listEntries(d.srv)).toEqual(staged)
    expect((await d.resume(first)).outcome).toBe('succeeded')
  })

  describe('a full disk', () => {
    test.each(['stage', 'put artifact.tar', 'put DEPLOY-MANIFEST.txt'])(
      'before %s: the run removes what it started',
      async (step) => {
        d = await createDeployFixture(sshd, { host })
        d.checks(plain)
        const small = join(d.srv, 'small')
        mkdirSync(small)
        if (!mounted(small)) return
        try {
          const paused = await d.start('live', { path: join(small, 'app') })
          expect(paused.status).toBe('paused')
          at.fault = { step, when: 'before', strike: () => fill(join(small, 'ballast')) }
          const stopped = await d.approve(paused)
          expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_TRANSFER_FAILED' })
          expect(listEntries(small)).toEqual(['ballast'])
          const full = await d.start('live', { path: join(small, 'other') })
          expect(full.stop!.message).toContain('space: ')
          rmSync(join(small, 'ballast'))
          expect((await d.resume(stopped)).outcome).toBe('succeeded')
        } finally {
          execFileSync('umount', ['-l', small])
        }
      },
    )

    function mounted(folder: string): boolean {
      const args = ['-t', 'tmpfs', '-o', 'size=1m,nr_inodes=200', 'tmpfs', folder]
      if (spawnSync('mount', args).status === 0) return true
      console.log('skipped: a full disk: this user can’t mount a small one')
      return false
    }
  })

  test('a run does not deploy to a host whose key changed after the plan', async () => {
    const paused = await atTheGate()
    const known = `[127.0.0.1]:${sshd.gatePort} ${sshd.hostKey()}\n`
    try {
      sshd.knownHosts(`[127.0.0.1]:${sshd.gatePort} ${sshd.hostKey('ecdsa')}\n`)
      // Known by its other key: the host is the same, the plan is not.
      await expect(d.approve(paused)).rejects.toMatchObject({
        data: { reason: 'DRIFT' },
        message: expect.stringContaining('hostKey'),
      })
      sshd.knownHosts('')
      const again = (await d.store.run(paused.runId))!
      await expect(d.approve(again)).rejects.toMatchObject({ data: { reason: 'WORLD_NOT_CHECKED' } })
    } finally {
      sshd.knownHosts(known)
    }
    expect(listEntries(d.srv)).toEqual(['app-1'])
  })

  test('another process resumes a run of a process that died after any step', async () => {
    class Died extends Error {}
    let dieAt: string | null = null
    d = await createDeployFixture(sshd, {
      host,
      onStep(run) {
        if (run.phase === dieAt && dieAt !== null) throw new Died()
      },
    })
    d.checks(plain)
    const old = hashFolder(d.old)
    let run = await d.start()
    for (const phase of [
      'transfer_promote',
      'build',
      'prepare',
      'post_checks',
      'rehearse',
      'switch_release',
      'activate',
      'health',
      'integrity',
      'finish',
      'closeout',
    ]) {
      dieAt = phase
      const go = run.status === 'paused' ? d.approve(run) : d.resume(run)
      await expect(go).rejects.toThrow(Died)
      dieAt = null
      d = await d.reopen()
      run = (await d.store.run(run.runId))!
      expect(run).toMatchObject({ status: 'working', phase })
    }
    expect((await d.resume(run)).outcome).toBe('succeeded')
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
    expect(hashFolder(d.old)).toBe(old)
  })

  function writeTheirs(folder: string): void {
    mkdirSync(folder)
    writeFileSync(join(folder, 'theirs.txt'), 'theirs\n')
  }

  function fill(file: string): void {
    execFileSync('sh', ['-c', 'cat /dev/zero > "$1" || true', 'sh', file], { stdio: 'ignore' })
    expect(existsSync(file)).toBe(true)
  }
})
