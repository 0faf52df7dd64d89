import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { ALICE, aSigner, enableExecution } from '../support/cli-steps.ts'
import { createDeployFixture, type DeployFixture, listEntries } from '../support/deploy-fixture.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

vi.setConfig({ testTimeout: 240_000 })

describe('cutter run start deploy', () => {
  let sshd: Sshd
  let at: CutterHome
  let d: DeployFixture
  beforeAll(async () => {
    sshd = await startSshd()
    d = await createDeployFixture(sshd)
    at = aCutterHome('execution: { allowLive: true }\nhosts: { box: { ssh: web } }\n')
    mkdirSync(at.path('temporary'))
  })
  afterAll(async () => {
    await at.remove()
    await d.remove()
    await sshd.stop()
  })
  const cutter = (...args: string[]) =>
    at.cutter(args, { env: { HOME: sshd.home, TMPDIR: at.path('temporary') } })
  const start = (...more: string[]) => {
    const flags = ['--source', d.repository, '--commit', d.commit, '--path', d.target, '--previous', d.old]
    return cutter(
      'run',
      'start',
      'deploy',
      ...flags,
      '--checks',
      `${d.folder}/checks.yaml`,
      '--json',
      ...more,
    )
  }

  test('stops at an unknown host key with its fingerprint, and completes once the key is known', async () => {
    const known = `[127.0.0.1]:${sshd.gatePort} ${sshd.hostKey()}\n`
    sshd.knownHosts('')
    await enableExecution(at)
    const blocked = await start('--host', 'box', '--mode', 'live')
    expect(blocked.code).toBe(3)
    const { runId, stop, output } = jsonOf(blocked)
    expect(stop).toMatchObject({
      code: 'STOP_HOST_KEY_UNKNOWN',
      message: expect.stringMatching(/SHA256:[\w+/]{43}/),
    })
    expect(output.untouched).toMatchObject({
      looked: false,
      why: 'the host was not reached, so nothing was sent to it',
    })

    sshd.knownHosts(known)
    const paused = await cutter('run', 'resume', runId, '--json')
    expect(paused.code).toBe(0)
    expect(jsonOf(paused).output.gates.G3.why).toContain('the rollback was not rehearsed')
    const key = aSigner(at, ALICE, 'cutter.deploy.SG1')
    const signed = await cutter('approval', 'sign', runId, '--as', ALICE, '--key', key, '--json')
    const closed = await cutter(
      'run',
      'resume',
      '--approval',
      jsonOf<{ approvalId: string }>(signed).approvalId,
      '--json',
    )
    expect(closed.code).toBe(0)
    expect(jsonOf(closed)).toMatchObject({ state: 'CLOSEOUT_REPORTED', outcome: 'succeeded' })
    expect(listEntries(d.srv)).toEqual(['app-1', 'app-2'])
    expect((await cutter('run', 'history', runId, '--verify')).code).toBe(0)
    const report = readdirSync(at.path(`var/runs/${runId}`)).find((name) => name.endsWith('-closeout.md'))!
    expect(readdirSync(at.path('temporary'))).toEqual([])
    const text = readFileSync(at.path(`var/runs/${runId}/${report}`), 'utf8')
    expect(text.match(/^> ## \d\. G\d [a-z -]+: PASS$/gm)).toHaveLength(8)
  })

  test('cutter run rollback removes a deploy after a signature of its own', async () => {
    const { runId } = jsonOf<{ runId: string }[]>(await cutter('run', 'list', '--json'))[0]!
    const dry = await cutter('run', 'rollback', runId.slice(-8), '--json')
    expect(jsonOf(dry)).toMatchObject({ machine: 'rollback', mode: 'dry-run', gate: 'SG2' })
    const plan = await cutter('run', 'plan', jsonOf(dry).runId, '--format', 'markdown')
    expect(plan.stdout).toContain('DEPLOY-MANIFEST.txt')
    const live = jsonOf(await cutter('run', 'rollback', runId, '--mode', 'live', '--json'))
    const wrong = await cutter(
      'approval',
      'sign',
      live.runId,
      '--as',
      ALICE,
      '--key',
      at.path('alice_example_org'),
    )
    expect(wrong.stderr).toContain('cutter.rollback.SG2')
    const key = aSigner(at, 'bob@example.org', 'cutter.rollback.SG2')
    const signed = await cutter(
      'approval',
      'sign',
      live.runId,
      '--as',
      'bob@example.org',
      '--key',
      key,
      '--json',
    )
    const { approvalId } = jsonOf<{ approvalId: string }>(signed)
    const back = await cutter('run', 'resume', '--approval', approvalId)
    expect([back.code, back.stdout]).toEqual([0, expect.stringContaining('closed: succeeded')])
    expect(listEntries(d.srv)).toEqual(['app-1'])
    const refused = await cutter('run', 'rollback', live.runId, '--json')
    expect([refused.code, jsonOf(refused).error!.message]).toEqual([
      2,
      expect.stringContaining('only a deploy can'),
    ])
    expect((await cutter('run', 'rollback', 'idep-nowhere')).code).toBe(4)
    expect((await cutter('run', 'show', runId, '--json')).stdout).toContain('"succeeded"')
  })

  test('accepts an alias of the ssh config, and exits with 2 for input that is not valid', async () => {
    const refused = await start('--host', 'web', '--path', 'srv/app')
    expect(refused.code).toBe(2)
    expect(jsonOf(refused).error).toMatchObject({
      code: 'INPUT_REFUSED',
      message: expect.stringContaining('the host was not touched'),
    })
    const stopped = await start('--host', 'nowhere.invalid')
    expect(stopped.code).toBe(3)
    expect(jsonOf(stopped).stopCode).toBe('STOP_HOST_UNREACHABLE')
    const help = await cutter('run', 'start', 'deploy', '--help')
    expect(help.stdout).toContain('--on-failure')
  })
})
