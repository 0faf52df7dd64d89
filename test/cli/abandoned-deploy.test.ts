import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { builtProgram, spawnProgram } from '../crash/spawn-program.ts'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { ALICE, aSigner, enableExecution, LIVE, resume, sign } from '../support/cli-steps.ts'
import {
  createDeployFixture,
  type DeployFixture,
  hashFolder,
  listEntries,
} from '../support/deploy-fixture.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 })

/** The built program, killed by its host after the tree was promoted. Then nobody reaches the host, and the operator gives up. */

const hook = (folder: string) => `#!/bin/sh
case " $SSH_ORIGINAL_COMMAND" in
  *" 'promote'"*) [ -f ${folder}/pid ] && { sh -c "$SSH_ORIGINAL_COMMAND"; kill -KILL "$(cat ${folder}/pid)"; rm ${folder}/pid; exit 1; } ;;
esac
exec sh -c "$SSH_ORIGINAL_COMMAND"
`

describe('cutter run abandon of a deploy', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-given-up-')))
  let sshd: Sshd
  let d: DeployFixture
  let at: CutterHome
  let key: string
  beforeAll(async () => {
    sshd = await startSshd(undefined, { hook: hook(folder) })
    d = await createDeployFixture(sshd)
    at = aCutterHome(`${LIVE}hosts: { box: { ssh: web } }\n`)
    at.env.HOME = sshd.home
    key = aSigner(at, ALICE, 'cutter.*')
    await enableExecution(at)
  })
  afterAll(async () => {
    await at?.remove()
    await d?.remove()
    await sshd?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('names what may be left on its host, and the command that takes it back when the host is reached', async () => {
    const before = hashFolder(d.old)
    const checks = d.checks(
      'checks: [{ name: runs, run: [python3, app.py, --version] }]\ntolerate: [listening-ports, running-services]',
    )
    const flags = ['--source', d.repository, '--commit', d.commit, '--host', 'box', '--path', d.target]
    const start = ['run', 'start', 'deploy', ...flags, '--checks', checks, '--mode', 'live', '--json']
    const { runId } = jsonOf(await at.cutter(start))
    const { approvalId } = await sign(at, runId, key)
    const running = spawnProgram(at, builtProgram(at), ['run', 'resume', '--approval', approvalId, '--json'])
    writeFileSync(join(folder, 'pid'), String(running.process.pid))
    expect((await running.ended).signal).toBe('SIGKILL')
    expect(existsSync(d.target)).toBe(true)

    sshd.shut(true)
    expect(jsonOf(await resume(at, runId))).toMatchObject({
      status: 'stopped',
      stopCode: 'STOP_HOST_UNREACHABLE',
    })
    const how = ['--as', ALICE, '--key', key, '--reason', 'nobody reaches the host']
    const abandoned = await at.cutter(['run', 'abandon', runId, ...how, '--json'])
    expect(abandoned.code).toBe(3)
    const staging = join(d.srv, listEntries(d.srv).find((name) => name.startsWith('.cutter-'))!)
    const command = `cutter run rollback ${runId} --mode live`
    expect(jsonOf(abandoned)).toMatchObject({ outcome: 'abandoned', note: expect.stringContaining(command) })
    const closeout = readFileSync(at.path(`var/runs/${runId}/closeout.md`), 'utf8')
    for (const text of [staging, d.target, command]) expect(closeout).toContain(text)

    sshd.shut(false)
    const [program, ...args] = command.split(' ')
    expect(program).toBe('cutter')
    const back = jsonOf(await at.cutter([...args, '--json']))
    expect(back).toMatchObject({ status: 'paused', gate: 'SG2' })
    const taken = await sign(at, back.runId, key)
    expect(jsonOf(await resume(at, back.runId, taken.approvalId))).toMatchObject({ outcome: 'succeeded' })
    expect(listEntries(d.srv)).toEqual(['app-1'])
    expect(hashFolder(d.old)).toBe(before)
  })
})
