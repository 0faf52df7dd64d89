import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { planToMarkdown } from '../../../src/plan-page/plan-to-markdown.ts'
import { listEntries, writeFiles } from '../../support/deploy-fixture.ts'
import { createFaultInjector } from '../../support/fault-injection.ts'
import { createReleaseSite, type ReleaseSite } from '../../support/release-site.ts'
import { type Sshd, startSshd } from '../../support/sshd.ts'

vi.setConfig({ testTimeout: 240_000 })

describe('a deploy with folders outside of its target', () => {
  let sshd: Sshd
  let d: ReleaseSite
  let data: string
  const at = createFaultInjector()
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.stop())
  beforeEach(async () => {
    d = await createReleaseSite(sshd, at)
    data = join(d.folder, 'data')
    mkdirSync(join(d.folder, 'var'))
  })
  afterEach(async () => {
    at.fault = null
    await d.remove()
  })

  const inData = (name: string) => join(data, name)
  /** Declares `data` with two folders in it, and `var`, which is there. */
  function declare(check = 'true'): void {
    const outside = ['data/runs', 'data', 'data/locks', 'var'].map((name) => join(d.folder, name))
    d.checks(`
checks: [{ name: works, run: ${JSON.stringify(check)} }]
skeleton: { folders: [own], outside: ${JSON.stringify(outside)} }
tolerate: [running-services, listening-ports]
`)
  }

  async function planOf({ planDigest }: Run) {
    return JSON.parse(Buffer.from((await d.store.evidence(planDigest!))!).toString())
  }

  test('makes them after the approval, and takes the empty ones back with the deploy', async () => {
    declare(`: >${inData('runs')}/1 && [ -d own ]`)
    const paused = await d.startRelease()
    expect(existsSync(data)).toBe(false)
    const plan = await planOf(paused)
    expect(plan.outside).toEqual([
      { path: data, above: d.folder, state: 'made' },
      { path: join(d.folder, 'var'), above: d.folder, state: 'there' },
      { path: inData('locks'), above: data, state: 'made' },
      { path: inData('runs'), above: data, state: 'made' },
    ])
    const made = plan.commands.find(({ id }: { id: string }) => id === 'skeleton-outside')
    expect(made.argv).toContain(inData('runs'))
    const page = planToMarkdown({
      ...{
        runId: paused.runId,
        machine: 'deploy',
        version: '1',
        gate: 'SG1',
        planDigest: paused.planDigest!,
      },
      ...{ plan, cut: null, source: null, texts: new Map(), page: null, pageSize: 50 },
      differing: () => [],
    })
    expect(page).toContain(`The folder ${inData('runs')} is made, outside of the new folder.`)
    expect(page).toContain(`The folder ${join(d.folder, 'var')} is there already, and stays as it is.`)
    expect(page).toContain('Folders outside of the new folder that are no longer empty stay')
    const removed = plan.rollback.find(({ id }: { id: string }) => id === 'remove-outside')
    expect(removed.argv.slice(-6)).toEqual([inData('runs'), data, inData('locks'), data, data, d.folder])

    const run = await d.approve(paused)
    expect(run).toMatchObject({ outcome: 'succeeded' })
    expect(listEntries(data)).toEqual(['locks', 'runs'])
    for (const folder of [data, inData('runs'), inData('locks')])
      expect(statSync(folder).mode & 0o777).toBe(0o700)
    const manifest = readFileSync(join(d.current(), 'DEPLOY-MANIFEST.txt'), 'utf8')
    expect(manifest).toContain(`\n# outside: made ${inData('runs')}\n`)
    expect(manifest).toContain(`\n# outside: there ${join(d.folder, 'var')}\n`)

    const paths = await planOf(await d.rollback(run, 'dry-run'))
    expect(paths.outside.map(({ path }: { path: string }) => path)).toEqual([
      data,
      inData('locks'),
      inData('runs'),
    ])
    expect(listEntries(data)).toEqual(['locks', 'runs'])
    expect(await d.approve(await d.rollback(run))).toMatchObject({
      outcome: 'succeeded',
      output: { staysOutside: [data, inData('runs')] },
    })
    expect(listEntries(data)).toEqual(['runs'])
    expect(listEntries(inData('runs'))).toEqual(['1'])
    expect(existsSync(join(d.folder, 'var'))).toBe(true)
  })

  test('makes nothing in a dry run', async () => {
    declare()
    const paused = await d.start('dry-run', { strategy: 'release', path: d.root, commit: 'HEAD' })
    expect(await d.approve(paused)).toMatchObject({ outcome: 'succeeded' })
    expect(existsSync(data)).toBe(false)
  })

  test('that fails its checks removes the empty ones and names those that stay', async () => {
    declare(`: >${inData('runs')}/1; exit 1`)
    const run = await d.approve(await d.startRelease())
    expect(run).toMatchObject({ outcome: 'rolled-back' })
    expect(run.output).toMatchObject({ rollback: { staysOutside: [data, inData('runs')] } })
    expect(listEntries(data)).toEqual(['runs'])
    expect(listEntries(d.root)).toEqual([])
  })

  test('leaves none when it made none before it failed, although others made one meanwhile', async () => {
    declare()
    const paused = await d.startRelease()
    at.fault = { step: 'skeleton-outside', when: 'before', strike: () => mkdirSync(data) }
    const run = await d.approve(paused)
    expect(run).toMatchObject({ outcome: 'rolled-back' })
    expect(JSON.stringify(run.output)).toContain('the folders outside of the target are not as planned')
    expect(listEntries(data)).toEqual([])
  })

  test('that finds a folder gone which it should only use rolls back', async () => {
    declare()
    const paused = await d.startRelease()
    at.fault = {
      step: 'skeleton-outside',
      when: 'before',
      strike: () => rmSync(join(d.folder, 'var'), { recursive: true }),
    }
    expect(await d.approve(paused)).toMatchObject({ outcome: 'rolled-back' })
    expect(existsSync(data)).toBe(false)
  })

  test('is planned again when one of them appears before the approval is used', async () => {
    declare()
    const paused = await d.startRelease()
    mkdirSync(data)
    await expect(d.approve(paused)).rejects.toMatchObject({
      data: { reason: 'DRIFT' },
      message: expect.stringContaining('the list of folders outside of the target was'),
    })
  })

  test('continues after a lost connection with the folders that it made', async () => {
    declare()
    const paused = await d.startRelease()
    at.fault = { step: 'skeleton-outside', when: 'after', strike: () => undefined }
    const stopped = await d.approve(paused)
    expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_HOST_UNREACHABLE' })
    expect(await d.resume(stopped)).toMatchObject({ outcome: 'succeeded' })
    expect(listEntries(data)).toEqual(['locks', 'runs'])
  })

  test('uses what an earlier one made, and a rollback of it makes none of that go', async () => {
    declare()
    const first = await d.approve(await d.startRelease())
    d.commitVersion('2')
    const second = await d.approve(await d.startRelease())
    expect(second).toMatchObject({ outcome: 'succeeded' })
    expect(await d.approve(await d.rollback(second))).toMatchObject({ outcome: 'succeeded' })
    expect(listEntries(data)).toEqual(['locks', 'runs'])
    expect(await d.approve(await d.rollback(first))).toMatchObject({ outcome: 'succeeded' })
    expect(existsSync(data)).toBe(false)
  })

  test('stops where one can not be made safely, and leaves the host untouched', async () => {
    declare()
    writeFileSync(data, 'a file\n')
    const stopped = await d.startRelease()
    expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_PREFLIGHT_FAILED' })
    expect(stopped.stop!.message).toContain(`outside: ${data}: it is there, and is not a folder`)
    rmSync(data)
    expect(await d.approve(await d.resume(stopped))).toMatchObject({ outcome: 'succeeded' })
  })

  test('is refused before there is a run where a folder belongs to its releases', async () => {
    d.checks(`skeleton: { outside: [${join(d.root, 'releases/data')}] }`)
    await expect(d.startRelease()).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      message: expect.stringContaining('belongs to the releases; the host was not touched'),
    })
  })

  test('may have one next to its target, which is none of what must stay as it is', async () => {
    const next = join(d.root, 'state')
    d.checks(`skeleton: { outside: [${next}] }\ntolerate: [running-services, listening-ports]`)
    const run = await d.approve(await d.startRelease())
    expect(run).toMatchObject({ outcome: 'succeeded' })
    writeFiles(next, { a: 'a' })
    expect(await d.approve(await d.rollback(run))).toMatchObject({ outcome: 'succeeded' })
    expect(listEntries(d.root)).toEqual(['state'])
  })
})
