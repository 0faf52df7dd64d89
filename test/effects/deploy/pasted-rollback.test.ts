import { existsSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { EXIT } from '../../../src/effects/deploy/write-commands.ts'
import { buildReports } from '../../../src/reports/build-reports.ts'
import { openHost } from '../../../src/targets/ssh/open-host.ts'
import { TRUSTED_TOOLS } from '../../../src/tools/open-tools.ts'
import { listEntries, writeFiles } from '../../support/deploy-fixture.ts'
import { createFaultInjector } from '../../support/fault-injection.ts'
import { createLiveProgram, type LiveProgram } from '../../support/live-program.ts'
import { createReleaseSite, type ReleaseSite } from '../../support/release-site.ts'
import { type Sshd, startSshd } from '../../support/sshd.ts'

vi.setConfig({ testTimeout: 240_000 })

/** The rollback commands of a report, pasted as they stand there into a shell on the host. */
describe('the rollback commands of a deploy in a report', () => {
  let sshd: Sshd
  let d: ReleaseSite
  let live: LiveProgram
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.stop())
  beforeEach(async () => {
    d = await createReleaseSite(sshd, createFaultInjector())
    live = createLiveProgram(d.folder, d.root)
  })
  afterEach(async () => {
    live.stop()
    await d.remove()
  })

  const json = JSON.stringify
  function commit(
    version: string,
    activate: { [key: string]: unknown },
    {
      checks = "[{ name: in place, run: 'true' }]",
      health = '',
      outside = '',
    }: { checks?: string; health?: string; outside?: string } = {},
  ): void {
    d.commitVersion(version)
    d.checks(`
checks: ${checks}
activate: ${json({ timeoutSeconds: 20, ...activate })}
${health === '' ? '' : `health: ${health}`}
${outside === '' ? '' : `skeleton: { outside: [${outside}] }`}
tolerate: [running-services, listening-ports, parent-listing]
`)
  }

  /** The block of the approval request, as it stood when the run waited at its gate. */
  let asked: string

  async function deploy(starting: Promise<Run>): Promise<Run> {
    const paused = await starting
    asked = await blockIn(paused, 'approval request')
    return d.approve(paused)
  }

  async function blockIn({ runId }: Run, report: 'approval request' | 'closeout'): Promise<string> {
    const ofReport = report === 'closeout' ? /^closeout$/ : /^\d+-approval-request-SG1$/
    const record = (await d.store.storedRun(runId))!
    const reports = buildReports({ record, rules: () => ({ validHours: 24 }), allowedSigners: './signers' })
    const { markdown } = reports.find(({ name }) => ofReport.test(name))!
    const [, block] = markdown.match(/```sh\n([\s\S]*?)\n```/) ?? []
    expect(block).toBeDefined()
    return block!
  }

  async function paste(block: string): Promise<number | null> {
    const { signal } = new AbortController()
    const host = await openHost('web', { home: sshd.home, env: {}, tools: TRUSTED_TOOLS }, signal)
    try {
      return (await host.run(['sh', '-c', block], { timeoutMs: 60_000, maxOutputBytes: 1e6, signal }))
        .exitCode
    } finally {
      host.close()
    }
  }

  const noneLeft = (folder: string) =>
    expect(listEntries(folder).filter((name) => name.startsWith('.'))).toEqual([])

  describe('of a deploy that has ended', () => {
    /** The block of the closeout, which is that of the approval request. */
    async function blockOf(run: Run): Promise<string> {
      expect(run).toMatchObject({ outcome: 'succeeded' })
      expect(await blockIn(run, 'closeout')).toBe(asked)
      return asked
    }

    test('turn the pointer back, start the earlier release again, and keep the tree', async () => {
      commit('1', { run: live.restart })
      await deploy(d.startRelease())
      const first = d.current()
      commit('2', { run: live.restart })
      const run = await deploy(d.startRelease())
      const second = d.current()
      expect([await live.ask(), live.folder()]).toEqual(['2', second])
      writeFiles(second, { 'uploads/a.txt': 'precious\n' })
      expect(await paste(await blockOf(run))).toBe(0)
      expect(d.current()).toBe(first)
      expect([await live.ask(), live.folder()]).toEqual(['1', first])
      expect(existsSync(second)).toBe(false)
      const kept = join(d.root, 'withdrawn', `${basename(second)}-${run.runId}`)
      expect(readFileSync(join(kept, 'uploads/a.txt'), 'utf8')).toBe('precious\n')
      noneLeft(d.root)
    })

    test('run the inverse of a first deploy', async () => {
      const state = join(d.folder, 'state')
      const outside = join(d.folder, 'data')
      const says = (word: string) => ['sh', '-c', 'echo "$1" >"$2"', 'sh', word, state]
      commit('1', { run: says('up'), inverse: says('down') }, { outside })
      const run = await deploy(d.start('live', { commit: 'HEAD' }))
      expect([readFileSync(state, 'utf8'), existsSync(outside)]).toEqual(['up\n', true])
      expect(await paste(await blockOf(run))).toBe(0)
      expect([readFileSync(state, 'utf8'), existsSync(outside)]).toEqual(['down\n', false])
      expect(existsSync(d.target)).toBe(false)
      noneLeft(d.srv)
    })

    test('bring a replaced version back before its program starts again', async () => {
      const state = join(d.folder, 'state')
      const run = ['sh', '-c', 'cat VERSION >"$1"', 'sh', state]
      commit('1', { run })
      await deploy(d.start('live', { commit: 'HEAD' }))
      commit('2', { run })
      const replacing = await deploy(d.start('live', { commit: 'HEAD', strategy: 'replace' }))
      expect(readFileSync(state, 'utf8')).toBe('2')
      expect(await paste(await blockOf(replacing))).toBe(0)
      expect(readFileSync(state, 'utf8')).toBe('1')
      expect(readFileSync(join(d.target, 'VERSION'), 'utf8')).toBe('1')
      noneLeft(d.srv)
    })

    test('end with the first that fails, so that the tree of a program that still runs is not moved', async () => {
      const blocked = join(d.folder, 'blocked')
      commit('1', { run: ['true'], inverse: ['sh', '-c', '[ ! -e "$1" ]', 'sh', blocked] })
      const run = await deploy(d.start('live', { commit: 'HEAD' }))
      const block = await blockOf(run)
      writeFiles(d.folder, { blocked: '' })
      expect(await paste(block)).toBe(EXIT.inverseFailed)
      expect(existsSync(d.target)).toBe(true)
      rmSync(blocked)
      expect(await paste(block)).toBe(0)
      expect(existsSync(d.target)).toBe(false)
      noneLeft(d.srv)
    })
  })

  describe('in the approval request of a deploy that has not ended', () => {
    test('change nothing while it waits at its gate, so that it can still be approved', async () => {
      commit('1', { run: live.restart })
      const paused = await d.startRelease()
      expect(await paste(await blockIn(paused, 'approval request'))).toBe(0)
      expect([listEntries(d.root), listEntries(d.srv)]).toEqual([[], ['app', 'app-1']])
      expect(await d.approve(paused)).toMatchObject({ outcome: 'succeeded' })
    })

    test.each([
      ['before its program is active', { checks: "[{ name: fails, run: 'false' }]" }],
      ['after its program is active', { health: '{ run: "false", retries: 0 }' }],
    ])('take back what it made when it stops %s', async (_, failing) => {
      commit('1', { run: live.restart })
      await deploy(d.startRelease())
      const first = d.current()
      commit('2', { run: live.restart }, failing)
      const run = await deploy(d.startRelease({ onFailure: 'stop' }))
      expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_CHECKS_FAILED' })
      expect(await live.ask()).toBe('health' in failing ? '2' : '1')
      expect(await paste(asked)).toBe(0)
      expect(d.current()).toBe(first)
      expect([await live.ask(), live.folder()]).toEqual(['1', first])
      expect(listEntries(join(d.root, 'releases'))).toEqual([basename(first)])
      noneLeft(d.root)
      const closed = await d.engine.cancel(run.runId, { reason: 'taken back by hand' })
      expect(closed).toMatchObject({ status: 'closed', outcome: 'rolled-back' })
    })
  })
})
