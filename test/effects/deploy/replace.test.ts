import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { explain } from '../../../src/engine/explain.ts'
import { planToMarkdown } from '../../../src/plan-page/plan-to-markdown.ts'
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

const CHECKS = `
checks: [{ name: runs, run: [python3, app.py, --version] }]
tolerate: [listening-ports, running-services]
skeleton: { folders: [runs] }
`
const ACTIVATED = `${CHECKS}activate: { run: 'cat release >>../../activated' }\n`

describe('a deploy that replaces an earlier one in place', () => {
  let sshd: Sshd
  let d: DeployFixture
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.stop())
  beforeEach(async () => {
    d = await createDeployFixture(sshd)
    d.checks(CHECKS)
  })
  afterEach(() => d.remove())

  /** Commits another version of the program, which says so in its file `release`. */
  function nextCommit(release: string, more: { [path: string]: string } = {}): string {
    writeFiles(d.repository, { release: `${release}\n`, ...more })
    git(d.repository, 'add', '--all')
    git(d.repository, 'commit', '--quiet', '-m', release)
    return git(d.repository, 'rev-parse', 'HEAD')
  }
  /** Deploys a first version next to the old one, and what its program writes. */
  async function deployFirst(): Promise<string> {
    const first = await d.approve(await d.start('live', { commit: nextCommit('first') }))
    expect(first.outcome).toBe('succeeded')
    writeFileSync(join(d.target, 'runs', 'log.txt'), 'what the program wrote\n')
    return hashFolder(d.target)
  }
  const replace = (commit: string, mode: 'live' | 'dry-run' = 'live', more = {}) =>
    d.start(mode, { strategy: 'replace', commit, ...more })
  const release = () => readFileSync(join(d.target, 'release'), 'utf8').trim()
  const backupOf = ({ runId }: Run) => `${d.target}-before-${runId}`
  const activated = () => readFileSync(join(d.folder, 'activated'), 'utf8').trim().split('\n')
  // biome-ignore lint/suspicious/noExplicitAny: what the machine reports, as a reader of the JSON meets it
  const outputOf = ({ output }: Run) => output as any
  const findingOf = (run: Run, check: string) =>
    (run.stop!.data as { findings: { check: string; message: string }[] }).findings.find(
      (one) => one.check === check,
    )?.message

  test.each([
    ['nothing is there', () => undefined, 'there is nothing at'],
    ['no deploy made it', () => writeFiles(d.target, { 'app.py': 'by hand' }), 'has no DEPLOY-MANIFEST.txt'],
    ['it is a link', () => symlinkSync(d.old, d.target), 'there is a link at'],
  ])('is refused where %s', async (_, make, words) => {
    make()
    const before = hashFolder(d.srv)
    const run = await replace(d.commit)
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_PREFLIGHT_FAILED' })
    expect(findingOf(run, 'target')).toContain(words)
    expect(hashFolder(d.srv)).toBe(before)
  })

  test('moves the earlier version to a backup, and a rollback brings it back to the byte', async () => {
    const earlier = await deployFirst()
    const dry = await replace(nextCommit('second'), 'dry-run')
    const before = hashFolder(d.srv)
    expect((await d.approve(dry)).outcome).toBe('succeeded')
    expect(hashFolder(d.srv)).toBe(before)

    const paused = await replace('HEAD')
    expect(outputOf(paused).gates.G3.facts.warnings.join()).toContain(
      'stay in its backup, where the new version does not find them: runs/log.txt',
    )
    const plan = JSON.parse(Buffer.from((await d.store.evidence(paused.planDigest!))!).toString())
    expect(plan.expected.target).toBe('replaced')
    const page = planToMarkdown({
      runId: paused.runId,
      machine: 'deploy',
      version: '1',
      gate: 'SG1',
      planDigest: paused.planDigest!,
      plan,
      cut: null,
      source: null,
      texts: new Map(),
      differing: () => [],
      page: null,
      pageSize: 50,
    })
    expect(page).toContain('moves the version that is at')
    const run = await d.approve(paused)
    expect(run).toMatchObject({ outcome: 'succeeded' })
    expect(outputOf(run).gates.G7.facts.previous.join()).toContain(backupOf(run))
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2', `app-2-before-${run.runId}`])
    expect(release()).toBe('second')
    expect(hashFolder(backupOf(run))).toBe(earlier)

    const rehearsed = await d.approve(await d.rollback(run, 'dry-run'))
    expect(rehearsed.output).toMatchObject({ asBefore: true })
    expect(release()).toBe('second')
    const back = await d.approve(await d.rollback(run))
    expect(back.output).toMatchObject({
      asBefore: true,
      standsAs: `${d.target} holds the earlier version again, from ${backupOf(run)}`,
    })
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
    expect(hashFolder(d.target)).toBe(earlier)
  })

  test('brings the earlier version back when a check fails, and starts its program where it was', async () => {
    d.checks(ACTIVATED)
    const earlier = await deployFirst()
    expect(activated()).toEqual(['first'])
    d.checks(`${ACTIVATED}health: { run: 'exit 1' }`)
    const run = await d.approve(await replace(nextCommit('broken')))
    expect(run.outcome).toBe('rolled-back')
    expect(outputOf(run).rollback).toMatchObject({ asBefore: true })
    expect(activated()).toEqual(['first', 'broken', 'first'])
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
    expect(hashFolder(d.target)).toBe(earlier)
  })

  test('brings the earlier version back when it is cancelled after a failure', async () => {
    const earlier = await deployFirst()
    d.checks(`${CHECKS}build: { run: 'exit 1' }`)
    const stopped = await d.approve(await replace(nextCommit('broken'), 'live', { onFailure: 'stop' }))
    expect(stopped.status).toBe('stopped')
    expect(release()).toBe('broken')
    expect(await d.engine.cancel(stopped.runId, { reason: 'no' })).toMatchObject({ outcome: 'rolled-back' })
    expect(hashFolder(d.target)).toBe(earlier)
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
  })

  test('counts a change of the earlier version after the plan as drift', async () => {
    await deployFirst()
    const paused = await replace(nextCommit('second'))
    const seen = () => explain(d.parts, paused.runId, { isAsked: true })
    expect((await seen()).world).toMatchObject({ how: 'looked', isAsPlanned: true })
    appendFileSync(join(d.target, 'app.py'), '# changed\n')
    const changed = await seen()
    expect(changed.world).toMatchObject({ how: 'looked', isAsPlanned: false })
    expect(changed.differences.join()).toContain(`${d.target}: treeHash was`)
    await expect(d.approve(paused)).rejects.toMatchObject({
      data: { reason: 'DRIFT' },
      message: expect.stringContaining(`${d.target}: treeHash was`),
    })
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
  })

  test.each([
    ['is gone', (backup: string) => renameSync(backup, `${backup}-elsewhere`), 'is gone'],
    ['was changed', (backup: string) => appendFileSync(join(backup, 'app.py'), 'x'), 'is not as it was'],
  ])('a rollback touches nothing when the backup %s', async (_, harm, words) => {
    await deployFirst()
    const run = await d.approve(await replace(nextCommit('second')))
    harm(backupOf(run))
    const before = hashFolder(d.srv)
    const stopped = await d.rollback(run)
    expect(stopped).toMatchObject({ stopCode: 'STOP_DRIFT' })
    expect(stopped.stop!.message).toContain(words)
    expect(hashFolder(d.srv)).toBe(before)
  })

  test('of two replacements, the later one is rolled back first', async () => {
    const first = await deployFirst()
    const second = await d.approve(await replace(nextCommit('second')))
    const third = await d.approve(await replace(nextCommit('third')))
    expect(await d.rollback(second)).toMatchObject({ stopCode: 'STOP_REFUSED_INPUT' })
    expect((await d.approve(await d.rollback(third))).outcome).toBe('succeeded')
    expect(release()).toBe('second')
    expect((await d.approve(await d.rollback(second))).outcome).toBe('succeeded')
    expect(hashFolder(d.target)).toBe(first)
    rmSync(d.target, { recursive: true })
    expect(existsSync(d.target)).toBe(false)
  })
})
