import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { sha256 } from '../../../src/domain/json.ts'
import type { AdoptedRelease } from '../../../src/effects/deploy/adopted-release.ts'
import { createFaultInjector } from '../../support/fault-injection.ts'
import { createReleaseSite, type ReleaseSite } from '../../support/release-site.ts'
import { type Sshd, startSshd } from '../../support/sshd.ts'

vi.setConfig({ testTimeout: 480_000, hookTimeout: 480_000 })

/** `keep` removes releases of other homes too: an adopted one only while it is what its evidence bundle says. */

describe('keep among adopted releases', () => {
  let sshd: Sshd
  let d: ReleaseSite
  let release: string
  const adopted: AdoptedRelease[] = []
  beforeAll(async () => {
    sshd = await startSshd()
    d = await createReleaseSite(sshd, createFaultInjector(), { adopted: async () => adopted })
    d.checks('checks: []')
    for (const version of ['1', '2']) {
      d.commitVersion(version)
      const run = await d.approve(await d.startNext())
      expect(run).toMatchObject({ outcome: 'succeeded' })
      if (version === '2') continue
      release = d.current()
      const plan = JSON.parse(Buffer.from((await d.store.evidence(run.planDigest!))!).toString())
      adopted.push({
        ...{ run: run.runId, plan: run.planDigest!, built: null, bundle: 'b'.repeat(64), signers: [] },
        ...{ commit: plan.source.commit, host: plan.host, target: release, manifest: manifestNow() },
      })
    }
    d.checks('keep: 0')
    d.commitVersion('3')
  })
  afterAll(async () => {
    await d?.remove()
    await sshd?.stop()
  })

  const manifest = () => join(release, 'DEPLOY-MANIFEST.txt')
  const manifestNow = () => sha256(readFileSync(manifest(), 'utf8'))
  /** Changes the release, runs the work, and restores it. */
  async function whileChanged<T>(file: string, text: string, work: () => Promise<T>): Promise<T> {
    const path = join(release, file)
    const before = readFileSync(path)
    writeFileSync(path, text)
    const result = await work()
    writeFileSync(path, before)
    return result
  }
  const forged = () =>
    readFileSync(manifest(), 'utf8').replace(/^# commit: .*$/m, `# commit: ${'0'.repeat(40)}`)

  test.each([
    ['a file of it was changed', 'VERSION', () => 'changed by hand', 'VERSION is not as run'],
    [
      'its manifest was changed',
      'DEPLOY-MANIFEST.txt',
      forged,
      'is not the one of the evidence bundle of run',
    ],
  ])('blocks before the approval when %s', async (_, file, text, message) => {
    const blocked = await whileChanged(file, text(), () => d.startNext())
    expect(blocked.stop).toMatchObject({
      code: 'STOP_PREFLIGHT_FAILED',
      message: expect.stringContaining(message),
    })
    expect(blocked.stop!.message).toContain(release)
  })

  test('refuses at the gate when it was changed since, and removes it once it is as the bundle says', async () => {
    const paused = await d.startNext()
    const plan = JSON.parse(Buffer.from((await d.store.evidence(paused.planDigest!))!).toString())
    expect(plan.old).toEqual([{ path: `releases/${basename(release)}`, run: adopted[0]!.run }])
    expect(plan.known).toMatchObject([{ path: release, run: adopted[0]!.run }])
    const drifted = await whileChanged('VERSION', 'changed by hand', () =>
      d.approve(paused).catch((error: Error) => error),
    )
    expect(JSON.stringify(drifted, Object.getOwnPropertyNames(drifted))).toMatch(/VERSION is not as run/)
    expect(existsSync(release)).toBe(true)
    const run = await d.approve(paused)
    expect(run).toMatchObject({ outcome: 'succeeded' })
    expect(existsSync(release)).toBe(false)
  })
})
