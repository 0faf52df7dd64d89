import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { planToMarkdown } from '../../../src/plan-page/plan-to-markdown.ts'
import { git, writeFiles } from '../../support/deploy-fixture.ts'
import { createFaultInjector } from '../../support/fault-injection.ts'
import { createReleaseSite, type ReleaseSite } from '../../support/release-site.ts'
import { type Sshd, startSshd } from '../../support/sshd.ts'

vi.setConfig({ testTimeout: 240_000 })

describe('the plan of a deploy over a running release', () => {
  let sshd: Sshd
  let d: ReleaseSite
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.stop())
  beforeEach(async () => {
    d = await createReleaseSite(sshd, createFaultInjector())
    d.checks('checks: [{ name: version, run: [cat, VERSION] }]\nskeleton: { files: { app.conf: x } }')
  })
  afterEach(() => d.remove())

  async function planNext() {
    const run = await d.startNext()
    const plan = JSON.parse(Buffer.from((await d.store.evidence(run.planDigest!))!).toString())
    const page = planToMarkdown({
      runId: run.runId,
      machine: 'deploy',
      version: '1',
      gate: 'SG1',
      planDigest: run.planDigest!,
      plan,
      cut: null,
      source: null,
      texts: new Map(),
      differing: () => [],
      page: null,
      pageSize: 50,
    })
    return { run, plan, page }
  }

  test('shows commits, files with sizes, differences without secrets, commands in words, and what cannot be undone', async () => {
    writeFiles(d.repository, {
      'gone.txt': 'gone\n',
      'conf.txt': 'password=hunter2secret\nkept\n',
      'same.txt': 'same\n',
    })
    writeFiles(d.repository, { 'logo.bin': '\0binary' })
    d.commitVersion('1')
    const first = await planNext()
    expect(first.plan.changes).toBeNull()
    expect(first.page).toContain('No release with a manifest runs now')
    expect(first.page).toContain('There is no earlier release to return to.')
    expect(await d.approve(first.run)).toMatchObject({ outcome: 'succeeded' })

    rmSync(join(d.repository, 'gone.txt'))
    writeFiles(d.repository, {
      'new *file*.txt': 'twelve bytes',
      'conf.txt': 'kept\n',
      'logo.bin': '\0other',
    })
    git(d.repository, 'add', '--all')
    git(d.repository, 'commit', '--quiet', '-m', 'One `step` before')
    d.commitVersion('2')
    const { plan, page, run } = await planNext()
    expect(plan.changes.counts).toEqual({ commits: 2, added: 1, changed: 3, removed: 1 })
    expect(plan.changes.added).toEqual([{ path: 'new *file*.txt', bytes: 12 }])
    expect(plan.changes.removed).toEqual(['gone.txt'])
    expect(plan.changes.commits[1]).toMatch(/^[0-9a-f]+ Ann: One `step` before$/)
    const differences = plan.changes.differences.join('')
    expect(differences).toContain('-1\n\\ No newline at end of file\n+2')
    expect(differences).toContain('-password=[redacted]')
    expect(differences).not.toContain('logo.bin')
    expect(JSON.stringify(plan)).not.toContain('hunter2secret')
    expect(page).toContain('new \\*file\\*.txt, 12 bytes')
    expect(page).toContain('### 2 commits since')
    expect(page).toContain('turns to')
    expect(page).toContain('- check version runs in the new folder.')
    expect(page).toContain('## What cannot be undone')
    expect(await d.approve(run)).toMatchObject({ outcome: 'succeeded' })
  })

  test('compares the files also where the source lacks the commit that runs', async () => {
    d.commitVersion('1')
    expect(await d.approve((await planNext()).run)).toMatchObject({ outcome: 'succeeded' })
    rmSync(join(d.repository, '.git'), { recursive: true })
    git(d.repository, 'init', '--quiet')
    appendFileSync(join(d.repository, 'app.py'), '# more\n')
    d.commitVersion('1')
    const { plan, page } = await planNext()
    expect(plan.changes).toMatchObject({ commits: null, counts: { added: 0, changed: 1, removed: 0 } })
    expect(page).toContain('The source does not hold the commit that runs now')
  })
})
