import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { ALICE, approve, aSigner, enableExecution, historyOf, LIVE, sign } from '../support/cli-steps.ts'
import {
  createDeployFixture,
  type DeployFixture,
  hashFolder,
  listEntries,
} from '../support/deploy-fixture.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { describeEnding, type Running } from './spawn-program.ts'
import { expectHeld, hideOwner, wake } from './suspended.ts'
import { suspendAtCommand, suspendingHook } from './suspended-on-host.ts'

vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 300_000 })

/**
 * The built program, suspended (SIGSTOP) from the host before and after each command of a rollback that writes. All suspended processes, and the
 * commands that they had sent, wake when the rollback is closed and the same deploy is there again, and must change nothing.
 */

/** The steps, and by what their commands are known. `stage` comes twice, as in a deploy. */
const WRITES: { [step: string]: string } = {
  stage: " 'stage'",
  'make the staging folder': 'CUTTER_SEEN=',
  ...Object.fromEntries(
    ['switch-back', 'withdraw', 'receive', 'remove-listed', 'discard'].map((step) => [step, ` '${step}'`]),
  ),
}
const POINTS = Object.keys(WRITES).flatMap((step) => [['before', step] as const, ['after', step] as const])

describe('a rollback whose processes are suspended', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-suspended-')))
  let sshd: Sshd
  let d: DeployFixture
  let at: CutterHome
  let key: string
  beforeAll(async () => {
    sshd = await startSshd(undefined, { hook: suspendingHook(folder) })
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
    rmSync(folder, { recursive: true })
  })

  const leaves = (word: string) => `[sh, -c, 'echo ${word} >>"$1"', sh, "${folder}/program"]`
  const checks = `checks: [{ name: runs, run: [python3, app.py, --version] }]
activate: { run: ${leaves('up')}, inverse: ${leaves('down')} }
tolerate: [listening-ports, running-services]`

  async function deployed(): Promise<string> {
    const flags = {
      source: d.repository,
      commit: d.commit,
      host: 'box',
      path: d.target,
      checks: d.checks(checks),
    }
    const given = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])
    const { runId } = jsonOf(
      await at.cutter(['run', 'start', 'deploy', ...given, '--mode', 'live', '--json']),
    )
    expect(jsonOf(await approve(at, runId, key))).toMatchObject({ outcome: 'succeeded' })
    return runId
  }

  test('before and after each command that writes ends as an undisturbed one, and changes nothing when they wake', async () => {
    const before = hashFolder(d.old)
    const { runId } = jsonOf(
      await at.cutter(['run', 'rollback', await deployed(), '--mode', 'live', '--json']),
    )
    const { approvalId } = await sign(at, runId, key)
    let args = ['run', 'resume', '--approval', approvalId, '--json']
    const asleep: Running[] = []
    for (const [when, step] of POINTS) {
      const stale = await suspendAtCommand(at, folder, args, { when, known: WRITES[step]! })
      asleep.push(stale)
      await expectHeld(at, runId, stale)
      await hideOwner(at, runId)
      args = ['run', 'resume', runId, '--json']
    }
    expect(jsonOf(await at.cutter(args))).toMatchObject({ status: 'closed', outcome: 'succeeded' })
    expect(listEntries(d.srv)).toEqual(['app-1'])
    expect(hashFolder(d.old)).toBe(before)
    const program = () => readFileSync(join(folder, 'program'), 'utf8')
    // The inverse may run again where its end was not known, and never once the rollback is closed.
    expect(program()).toMatch(/^up\n(down\n)+$/)

    await deployed()
    const closed = { target: hashFolder(d.target), entries: listEntries(d.srv), program: program() }
    const history = await historyOf(at, runId)
    writeFileSync(join(folder, 'woken'), '')
    for (const stale of asleep) {
      const ending = await wake(stale)
      expect(ending, describeEnding(ending)).toMatchObject({ code: 3, signal: null })
    }
    expect({ target: hashFolder(d.target), entries: listEntries(d.srv), program: program() }).toEqual(closed)
    expect(await historyOf(at, runId)).toEqual(history)
    expect(existsSync(join(folder, 'strike'))).toBe(false)
  })
})
