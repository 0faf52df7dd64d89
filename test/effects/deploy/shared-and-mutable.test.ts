import { appendFileSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { listEntries, writeFiles } from '../../support/deploy-fixture.ts'
import { createFaultInjector } from '../../support/fault-injection.ts'
import { createReleaseSite, type ReleaseSite } from '../../support/release-site.ts'
import { type Sshd, startSshd } from '../../support/sshd.ts'

vi.setConfig({ testTimeout: 240_000 })

const TOLERATE = 'tolerate: [running-services, listening-ports, parent-listing]'

describe('a deploy with paths that its program changes', () => {
  let sshd: Sshd
  let d: ReleaseSite
  let root: string
  const at = createFaultInjector()
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.stop())
  beforeEach(async () => {
    d = await createReleaseSite(sshd, at)
    root = d.root
  })
  afterEach(async () => {
    at.fault = null
    await d.remove()
  })

  test('a previous release that is live and writes into its folder is no drift; a changed file of it is', async () => {
    d.checks(TOLERATE)
    expect(await d.approve(await d.startNext())).toMatchObject({ outcome: 'succeeded' })
    const first = d.current()
    d.commitVersion('2')
    const paused = await d.startNext()
    appendFileSync(join(first, 'app.log'), 'one line\n')
    const strike = () => appendFileSync(join(first, 'app.log'), 'more\n')
    at.fault = { step: 'switch', when: 'before', strike }
    expect(await d.approve(paused)).toMatchObject({ outcome: 'succeeded' })
    expect(readFileSync(join(first, 'app.log'), 'utf8')).toBe('one line\nmore\n')

    d.commitVersion('3')
    const again = await d.startNext()
    appendFileSync(join(d.current(), 'app.py'), '# edited\n')
    await expect(d.approve(again)).rejects.toMatchObject({
      data: { reason: 'DRIFT' },
      message: expect.stringContaining('treeHash was'),
    })
  })

  test('mutable paths are left out of the previous versions, of the new one and of the rollback', async () => {
    d.checks(`mutable: [data/**, "*.log"]\nchecks: [{ name: writes, run: "echo x >app.log" }]\n${TOLERATE}`)
    const paused = await d.startRelease({ strategy: 'side-by-side', path: d.target })
    appendFileSync(join(d.old, 'data/kept.txt'), 'more\n')
    at.fault = { step: 'promote', when: 'after', strike: () => writeFileSync(join(d.old, 'new.log'), 'x') }
    const first = await d.approve(paused)
    const run = first.status === 'stopped' ? await d.resume(first) : first
    expect(run).toMatchObject({ outcome: 'succeeded' })
    expect(listEntries(d.target)).toContain('app.log')
  })

  test('shared paths are links of each release, and a missing one is found before the approval', async () => {
    d.checks(
      `shared: [uploads, config/.env]\nchecks: [{ name: reads, run: "cat config/.env uploads/a" }]\n${TOLERATE}`,
    )
    const stopped = await d.startRelease()
    expect(stopped).toMatchObject({ stopCode: 'STOP_PREFLIGHT_FAILED' })
    expect(stopped.stop!.message).toContain(`shared: ${root}/shared/uploads is missing: make it on the host`)
    writeFiles(join(root, 'shared'), { 'uploads/a': 'a', 'config/.env': 'A=1' })
    const paused = await d.resume(stopped)
    const run = await d.approve(paused)
    expect(run).toMatchObject({ outcome: 'succeeded' })
    expect(readlinkSync(join(d.current(), 'uploads'))).toBe('../../shared/uploads')
    expect(readlinkSync(join(d.current(), 'config/.env'))).toBe('../../../shared/config/.env')
    expect(readFileSync(join(d.current(), 'DEPLOY-MANIFEST.txt'), 'utf8')).toContain(
      '# link config/.env -> ../../../shared/config/.env\n',
    )
    const plan = Buffer.from((await d.store.evidence(paused.planDigest!))!).toString()
    expect(JSON.parse(plan).commands.map(({ id }: { id: string }) => id)).toContain('link-shared')

    expect(await d.approve(await d.rollback(run))).toMatchObject({ outcome: 'succeeded' })
    expect(listEntries(root)).toEqual(['shared'])
    expect(readFileSync(join(root, 'shared/uploads/a'), 'utf8')).toBe('a')
  })

  test('a commit that holds a shared path, and a shared path without releases, are refused', async () => {
    writeFiles(d.repository, { 'uploads/.keep': '' })
    d.commitVersion('2')
    d.checks(`shared: [uploads]\n${TOLERATE}`)
    const stopped = await d.startRelease()
    expect(stopped).toMatchObject({ stopCode: 'STOP_ARTIFACT_UNCLEAN' })
    expect(stopped.stop!.message).toContain(
      'the commit holds "uploads", to which the checks file wants a link',
    )
    await expect(d.startRelease({ strategy: 'side-by-side', path: d.target })).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      message: expect.stringContaining('shared of the checks file needs releases'),
    })
  })
})
