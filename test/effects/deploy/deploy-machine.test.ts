import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { verifyRun } from '../../../src/engine/verify-run.ts'
import {
  CHECKS,
  createDeployFixture,
  type DeployFixture,
  git,
  hashFolder,
  listEntries,
  writeFiles,
} from '../../support/deploy-fixture.ts'
import { type Sshd, servers, someoneElse, startSshd } from '../../support/sshd.ts'

vi.setConfig({ testTimeout: 240_000 })

// biome-ignore lint/suspicious/noExplicitAny: what the machine reports, as a reader of the JSON meets it
const outputOf = ({ output }: Run) => output as any
const statuses = (run: Run) =>
  Object.fromEntries(
    Object.entries(outputOf(run).gates as { [gate: string]: { status: string } }).map(
      ([name, { status }]) => [name, status],
    ),
  )
const all = (status: string) =>
  Object.fromEntries(['G0', 'G1', 'G2', 'G3', 'G4', 'G5', 'G6', 'G7'].map((name) => [name, status]))

describe('the deploy machine', () => {
  let sshd: Sshd
  let d: DeployFixture
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.stop())
  beforeEach(async () => {
    d = await createDeployFixture(sshd)
  })
  afterEach(() => d.remove())

  test('reports a missing source as blocked, then deploys next to the old version, and a rollback removes it again', async () => {
    const before = hashFolder(d.srv)
    renameSync(d.repository, `${d.repository}-elsewhere`)
    const blocked = await d.start()
    expect(blocked).toMatchObject({
      status: 'stopped',
      state: 'G0_ENVIRONMENT',
      stopCode: 'STOP_SOURCE_MISSING',
    })
    expect(statuses(blocked)).toEqual({ ...all('NOT EXECUTED'), G0: 'PASS', G1: 'BLOCKED' })
    expect(outputOf(blocked).gates.G5.why).toContain(`blocked by G1: the source ${d.repository} is missing`)
    expect(outputOf(blocked).untouched).toMatchObject({
      identical: true,
      before: outputOf(blocked).untouched.after,
    })
    const { G5, G6, G7 } = outputOf(blocked).gates
    expect(G5.facts.checks).toContain('version: python3 app.py --version')
    expect(G5.facts.expected).toEqual(['tests: 12 by Ran (\\d+) tests'])
    expect(G5.facts.tools).toContain('check version: ok, runs python3')
    expect(G5.facts.tools.join()).toContain(
      'pytest-that-is-nowhere is not on the host: its fallback python3 will run',
    )
    expect([G6.facts.rehearsal, G7.facts.unchanged]).toEqual(['python3 app.py rehearse', [d.old]])
    expect(outputOf(blocked).untouched.noMutation).toMatchObject({
      files: 'the earlier versions and the parent folder are as before',
      databases: expect.any(String),
      environment: expect.any(String),
      services: expect.stringContaining('are as before'),
    })
    expect(hashFolder(d.srv)).toBe(before)

    renameSync(`${d.repository}-elsewhere`, d.repository)
    const paused = await d.resume(blocked)
    expect(paused).toMatchObject({ status: 'paused', state: 'AWAITING_DEPLOY_AUTHORIZATION', gate: 'SG1' })
    expect(outputOf(paused).gates.G3.why).toContain(
      'the rollback was rehearsed next to the target; plan sha256:',
    )
    expect(listEntries(d.srv)).toEqual(['app-1'])

    const old = hashFolder(d.old)
    const run = await d.approve(paused)
    expect(run).toMatchObject({ status: 'closed', state: 'CLOSEOUT_REPORTED', outcome: 'succeeded' })
    expect(statuses(run)).toEqual(all('PASS'))
    expect(outputOf(run).gates.G5.facts.checks).toContain('tests: as expected (by its fallback)')
    expect(outputOf(run).gates.G3.facts.versions.join()).toMatch(/tar: tar .*python3: Python 3/)
    expect(outputOf(run).gates.G7.facts.benign.join()).toContain('__pycache__')
    expect(outputOf(run).gates.G7.facts.benign).toContain('.pytest_cache/v/lastfailed (a cache)')
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
    expect(listEntries(d.target)).toEqual([
      '.pytest_cache',
      'DEPLOY-MANIFEST.txt',
      '__pycache__',
      'app.py',
      'app.yaml',
      'locks',
      'runs',
      'tests',
    ])
    expect(readFileSync(join(d.target, 'DEPLOY-MANIFEST.txt'), 'utf8')).toContain(`run: ${run.runId}\n`)
    expect(hashFolder(d.old)).toBe(old)
    expect(await verifyRun(d.parts, run.runId)).toMatchObject({ replayed: true })
    const report = (await d.store.evidenceOf(run.runId)).findLast(({ name }) => name === 'report/deploy')!
    const text = Buffer.from((await d.store.evidence(report.digest))!).toString()
    expect(text.match(/^## \d\. G\d .*: PASS$/gm)).toHaveLength(8)

    const back = await d.approve(await d.rollback(run))
    expect(back).toMatchObject({ state: 'CLOSEOUT_REPORTED', output: { asBefore: true } })
    expect(listEntries(d.srv)).toEqual(['app-1'])
    expect(hashFolder(d.old)).toBe(old)
  })

  test('sends only commands that read in a dry run, and plans the same each time', async () => {
    const before = hashFolder(d.srv)
    const paused = await d.start('dry-run')
    const run = await d.approve(paused)
    expect(run).toMatchObject({ outcome: 'succeeded', mode: 'dry-run' })
    expect(statuses(run)).toEqual({
      ...all('PASS'),
      G4: 'NOT EXECUTED',
      G5: 'NOT EXECUTED',
      G6: 'NOT EXECUTED',
    })
    expect(outputOf(run).note).toContain('nothing but Cutter itself enforces that')
    expect(hashFolder(d.srv)).toBe(before)
    const sent = (await d.store.evidenceOf(run.runId)).filter(({ name }) => name.startsWith('commands/'))
    for (const { digest } of sent) {
      const { commands } = JSON.parse(Buffer.from((await d.store.evidence(digest))!).toString())
      expect(commands.map(({ kind }: { kind: string }) => kind)).not.toContain('write')
    }
    expect(sent.length).toBeGreaterThan(3)
    const again = await d.start('dry-run')
    expect(again.planDigest).toBe(paused.planDigest)
    const plan = Buffer.from((await d.store.evidence(again.planDigest!))!).toString()
    expect(plan).not.toContain(again.runId)
    const idsOf = (commands: { id: string }[]) => commands.map(({ id }) => id).join(', ')
    expect(idsOf(JSON.parse(plan).commands)).toBe(
      'stage, send, extract, send, promote, skeleton, ' +
        'check compiles, check version, check tests, or else tests, check switch, ' +
        'counts before, rehearsal, live start, counts after, switch, discard',
    )
    expect(JSON.parse(plan).rollback.map(({ id }: { id: string }) => id)).toEqual([
      'stage',
      'switch-back',
      'withdraw',
      'send',
      'send',
      'remove-listed',
      'discard',
    ])
  })

  test('reports all findings of the preflight at once', async () => {
    writeFiles(d.target, { 'x.txt': 'x' })
    const nowhere = CHECKS.replace('python3, app.py, --version', 'program-that-is-nowhere')
    d.checks(nowhere.replace('python3, app.py, count', 'counter-that-is-nowhere'))
    const run = await d.start('dry-run', { previous: join(d.srv, 'none') })
    expect(run.stopCode).toBe('STOP_PREFLIGHT_FAILED')
    const { message } = run.stop!
    expect(message).toContain('check version: program-that-is-nowhere is not on the host')
    expect(message).toContain('check rehearsal.counts: counter-that-is-nowhere is not on the host')
    expect(message).toContain(`target: there is a directory at ${d.target} already`)
    expect(message).toContain(`previous: ${join(d.srv, 'none')}, which must stay as it is, is missing`)
    expect(statuses(run)).toMatchObject({ G2: 'PASS', G3: 'BLOCKED', G4: 'NOT EXECUTED' })
  })

  test('reports a missing parent folder and one that can’t be written to', async () => {
    const missing = await d.start('dry-run', { path: join(d.srv, 'none/app') })
    expect(missing.stop!.message).toContain(
      `can't be deployed to: parent: ${join(d.srv, 'none')} is missing or not a folder; the host was not touched`,
    )
    const readOnly = await d.start('dry-run', { path: '/proc/self/app' })
    expect(readOnly.stopCode).toBe('STOP_PREFLIGHT_FAILED')
  })

  test.for(servers)(
    'deploys as an unprivileged user with the server of %s, and reports what that user may not do',
    async (kind, context) => {
      const as = someoneElse(kind)
      if (typeof as === 'string') {
        console.log(`skipped: a deploy as an unprivileged user to the server of ${kind}: ${as}`)
        return context.skip(as)
      }
      const host = await startSshd(kind, { as })
      const his = await createDeployFixture(host)
      try {
        chmodSync(his.folder, 0o711)
        const stopped = await his.start()
        expect(stopped.stop!.message).toContain(
          `${his.srv} can't be written to by the user of this connection`,
        )
        chmodSync(join(his.old, 'data'), 0o700)
        chownSync(his.srv, as.uid, as.gid)
        const paused = await his.resume(stopped)
        expect(outputOf(paused).gates.G3.facts.warnings.join()).toContain("can't be read completely")
        const run = await his.approve(paused)
        expect(run).toMatchObject({ stop: null, outcome: 'succeeded' })
        expect(statSync(join(his.target, 'app.py'))).toMatchObject({ uid: as.uid, gid: as.gid })
        expect((await his.approve(await his.rollback(run))).outcome).toBe('succeeded')
        expect(listEntries(his.srv)).toEqual(['app-1'])
      } finally {
        await his.remove()
        await host.stop()
      }
    },
  )

  test('refuses a secret in the commit', async () => {
    writeFiles(d.repository, { '.env': 'PASSWORD=1' })
    git(d.repository, 'add', '--force', '.env')
    git(d.repository, 'commit', '--quiet', '-m', 'oh')
    const run = await d.start('dry-run', { commit: 'HEAD' })
    expect(run).toMatchObject({ stopCode: 'STOP_ARTIFACT_UNCLEAN', state: 'G1_SOURCE' })
    expect(run.stop!.message).toContain('".env" is a file of environment variables')
  })

  test('plans again when the host changed after the plan, and stops when something appeared at the target', async () => {
    const paused = await d.start()
    appendFileSync(join(d.old, 'data/kept.txt'), 'more\n')
    await expect(d.approve(paused)).rejects.toMatchObject({
      data: { reason: 'DRIFT' },
      message: expect.stringContaining('treeHash was'),
    })
    let again = (await d.store.run(paused.runId))!
    expect(again.planDigest).not.toBe(paused.planDigest)
    const moved = (await d.store.run(paused.runId))!
    renameSync(d.srv, `${d.srv}-1`)
    symlinkSync(`${d.srv}-1`, d.srv)
    await expect(d.approve(moved)).rejects.toMatchObject({
      message: expect.stringContaining(`the real path of the parent folder was ${d.srv}, is ${d.srv}-1`),
    })
    rmSync(d.srv)
    renameSync(`${d.srv}-1`, d.srv)
    await expect(d.approve((await d.store.run(paused.runId))!)).rejects.toThrow(
      'the approved plan no longer fits',
    )
    again = (await d.store.run(paused.runId))!
    mkdirSync(d.target)
    await expect(d.approve(again)).rejects.toMatchObject({ data: { reason: 'WORLD_NOT_CHECKED' } })
    expect(listEntries(d.target)).toEqual([])
  })

  test('stops in the preflight for a check whose needs are not met, before anybody approves', async () => {
    const before = hashFolder(d.srv)
    d.checks(
      'checks: [{ name: tests, needs: [python3, -c, import a_module_that_is_nowhere], run: ["true"] }]',
    )
    const blocked = await d.start()
    expect(blocked).toMatchObject({ state: 'G2_ARTIFACT', stopCode: 'STOP_PREFLIGHT_FAILED' })
    expect(blocked.stop?.message).toContain(
      'needs tests: python3 -c import a_module_that_is_nowhere does not succeed',
    )
    expect(hashFolder(d.srv)).toBe(before)
  })

  test('rolls back when a check fails, and leaves the host as it was', async () => {
    const before = hashFolder(d.old)
    d.checks(CHECKS.replace('is: 12', 'is: 366'))
    const run = await d.approve(await d.start())
    expect(run).toMatchObject({ status: 'closed', state: 'ROLLED_BACK', outcome: 'rolled-back' })
    expect(outputOf(run).gates.G5).toMatchObject({
      status: 'FAIL',
      why: expect.stringContaining('tests counted 12, expected 366'),
    })
    expect(statuses(run)).toMatchObject({ G4: 'PASS', G6: 'NOT EXECUTED', G7: 'NOT EXECUTED' })
    expect(outputOf(run).rollback).toMatchObject({
      asBefore: true,
      because: expect.stringMatching(
        /^post_checks: tests counted 12, expected 366; its last lines: .*Ran 12 tests/,
      ),
    })
    expect(run.output).toMatchObject({
      failure: expect.stringContaining('post_checks: tests counted 12, expected 366; its last lines: '),
      standsAs: 'rolled back: the host is as it was',
    })
    expect(listEntries(d.srv)).toEqual(['app-1'])
    expect(hashFolder(d.old)).toBe(before)
  })

  test('stops instead with onFailure stop, and rejects a file that was edited on the host', async () => {
    d.checks(CHECKS.replace("startsWith: 'app 2'", "startsWith: 'app 3'"))
    const stopped = await d.approve(await d.start('live', { onFailure: 'stop' }))
    expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_CHECKS_FAILED', state: 'G4_PROMOTED' })
    const app = join(d.target, 'app.py')
    writeFileSync(app, readFileSync(app, 'utf8').replace('2.0', '3.0'))
    const run = await d.resume(stopped)
    expect(outputOf(run).gates.G7.why).toContain('app.py has other bytes')
    expect(run.outcome).toBe('rolled-back')
    const kept = `app-2-withdrawn-${run.runId.slice(-8)}`
    expect(listEntries(d.srv)).toEqual(['app-1', kept])
    expect(listEntries(join(d.srv, kept))).toEqual(['app.py'])
  })

  test('a process that a check leaves in the background does not hold the deploy', async () => {
    const file = join(d.folder, 'pid')
    d.checks(`checks: [{ name: leaves, run: "sleep 600 & echo $! >${file}" }]\ntolerate: [listening-ports]`)
    const run = await d.approve(await d.start())
    const pid = Number(readFileSync(file, 'utf8'))
    // It still runs, so that the deploy has not waited for it.
    expect(process.kill(pid, 'SIGKILL')).toBe(true)
    expect(run).toMatchObject({ outcome: 'succeeded' })
  })

  test('fails the rehearsal when the live start could not be run at all', async () => {
    const refused = 'refused: [python3, app.py, live]'
    d.checks(CHECKS.replace(refused, 'refused: [sh, -c, ./nowhere.sh]'))
    const run = await d.approve(await d.start())
    expect(run.outcome).toBe('rolled-back')
    expect(outputOf(run).gates.G6.why).toContain(
      'live start could not be run: ended with 127; its last lines: ',
    )
  })

  test('compares the complete output of counts, not only its end', async () => {
    const counts = "counts: [sh, -c, 'ls -d .counted; mkdir -p .counted; head -c 30000 /dev/zero']"
    d.checks(CHECKS.replace('counts: [python3, app.py, count]', counts))
    const run = await d.approve(await d.start())
    expect(outputOf(run).gates.G6.why).toContain('counts after differs from the counts before')
  })

  test('removes what it made when it is cancelled after the promote', async () => {
    d.checks('checks: [{ name: fails, run: ["false"] }]\ntolerate: [listening-ports]')
    const stopped = await d.approve(await d.start('live', { onFailure: 'stop' }))
    expect(listEntries(d.srv)).toEqual([expect.stringMatching(/^\.cutter-/), 'app-1', 'app-2'])
    const run = await d.engine.cancel(stopped.runId, { reason: 'enough' })
    expect(run).toMatchObject({
      outcome: 'rolled-back',
      output: { rollback: { because: 'cancelled: enough' } },
    })
    expect(listEntries(d.srv)).toEqual(['app-1'])
  })

  test('kills a hanging check and reports it as failed, with what it printed', async () => {
    d.checks('checks: [{ name: hangs, run: "echo begins; sleep 300", timeoutSeconds: 1 }]')
    const run = await d.approve(await d.start())
    expect(run.outcome).toBe('rolled-back')
    expect(outputOf(run).gates.G5.why).toContain('hangs took too long and was killed; its last lines: begins')
  })

  test.each(['rollback', 'stop'])(
    'a failed check shows its last lines without secrets in answer, report and evidence (--on-failure %s)',
    async (onFailure) => {
      const secret = `ghp_${'0123456789abcdef'.repeat(3)}`
      const script = `seq 1 300000; printf pass; echo word=hunter""2secret; printf ghp_; printf '0123456789abcdef%.0s' 1 2 3; echo; echo "no such table" >&2; exit 3`
      d.checks(`checks: [{ name: fails, run: ${JSON.stringify(script)} }]`)
      const run = await d.approve(await d.start('live', { onFailure }))
      const answer = onFailure === 'stop' ? run.stop!.message : outputOf(run).failure
      expect(answer).toContain('fails ended with 3, expected 0; its last lines: 299998 | 299999 | 300000 |')
      expect(answer).toContain('| no such table')
      const record = (await d.store.storedRun(run.runId))!
      const kept = [...record.contents.values()].map((bytes) => Buffer.from(bytes).toString()).join('\n')
      const everything = `${JSON.stringify(run)}${JSON.stringify(record.history)}${kept}`
      expect(everything).not.toContain(secret)
      expect(everything).not.toContain('hunter2secret')
      expect(onFailure === 'stop' ? JSON.stringify(record.history) : kept).toContain('no such table')
    },
  )

  test('turns the pointer to the new release, and returns it when the next deploy fails', async () => {
    const app = join(d.srv, 'app')
    mkdirSync(app)
    const flags = { strategy: 'release', path: app }
    const run = await d.approve(await d.start('live', flags))
    expect(run.outcome).toBe('succeeded')
    const [release] = listEntries(join(app, 'releases'))
    expect(release).toMatch(new RegExp(`^\\d{8}T\\d{6}Z-${d.commit.slice(0, 12)}$`))
    expect(readFileSync(join(app, 'current/app.py'), 'utf8')).toContain('app 2.0')
    expect(listEntries(app)).toEqual(['current', 'releases'])

    writeFiles(d.repository, { 'app.py': 'raise SystemExit(1)\n' })
    git(d.repository, 'commit', '--quiet', '--all', '-m', 'three')
    const back = await d.approve(await d.start('live', { ...flags, commit: 'HEAD' }))
    expect(back).toMatchObject({ outcome: 'rolled-back' })
    expect(listEntries(join(app, 'releases'))).toEqual([release])
    expect(readFileSync(join(app, 'current/app.py'), 'utf8')).toContain('app 2.0')
  })

  describe('admitDeploy', () => {
    test.each([
      ['a relative path', { path: 'srv/app' }],
      ['the root', { path: '/' }],
      ['a way out', { path: '/srv/../etc/app' }],
      ['a path inside a previous version', { path: '/srv/app-1/new', previous: '/srv/app-1' }],
    ])('refuses %s before a run exists', async (_, more) => {
      await expect(d.start('dry-run', more)).rejects.toMatchObject({
        code: 'INPUT_REFUSED',
        message: expect.stringContaining('the host was not touched'),
      })
    })

    test('refuses a checks file that is not valid, with the place of each fault', async () => {
      d.checks('checks: [{ name: a, run: [] }, { nme: b }]')
      await expect(d.start('dry-run')).rejects.toThrow(/checks\.0\.run.*checks\.1/)
      d.checks('skeleton: { files: { app.yaml: "key: ghp_0123456789abcdef0123456789abcdef0123" } }')
      await expect(d.start('dry-run')).rejects.toThrow('seems to hold a secret')
    })
  })
})
