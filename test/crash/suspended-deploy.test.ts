import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { ALICE, aSigner, enableExecution, historyOf, LIVE, sign } from '../support/cli-steps.ts'
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
 * The built program, suspended (SIGSTOP) from the host before and after each command of a live deploy that writes. All suspended processes,
 * and the commands that they had sent, wake when the deploy is closed, and must change nothing.
 */

/** The steps, and by what their commands are known. `stage` comes twice: it asks for the time of the folder above, and then makes its own. */
const WRITES: { [step: string]: string } = {
  stage: " 'stage'",
  'make the staging folder': 'CUTTER_SEEN=',
  ...Object.fromEntries(
    [
      'receive',
      'promote',
      'build',
      'link-shared',
      'skeleton',
      'skeleton-outside',
      'check runs',
      'switch',
      'activate',
      'confirm',
      'discard',
    ].map((step) => [step, ` '${step}'`]),
  ),
}
const POINTS = Object.keys(WRITES).flatMap((step) => [['before', step] as const, ['after', step] as const])

describe('a deploy whose processes are suspended', () => {
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
  const checks = `checks: [{ name: runs, run: ${leaves('checked')} }]
shared: [uploads]
skeleton: { folders: [runs], files: { app.yaml: "live: false" }, outside: ["${folder}/outside"] }
build: { run: ${leaves('built')} }
activate: { run: ${leaves('up')}, inverse: ${leaves('down')} }
health: { run: ["grep", up, "${folder}/program"], everySeconds: 0.1 }
tolerate: [listening-ports, running-services]`

  const suspendAt = (args: string[], when: string, step: string) =>
    suspendAtCommand(at, folder, args, { when, known: WRITES[step]! })

  test('before and after each command that writes ends as an undisturbed one, and is not changed when they wake', async () => {
    mkdirSync(join(d.srv, 'shared/uploads'), { recursive: true })
    const before = listEntries(d.srv)
    const flags = {
      source: d.repository,
      commit: d.commit,
      host: 'box',
      path: d.srv,
      strategy: 'release',
      previous: d.old,
      checks: d.checks(checks),
    }
    const given = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])
    const started = jsonOf(
      await at.cutter([
        'run',
        'start',
        'deploy',
        ...given,
        '--mode',
        'live',
        '--confirm-within',
        '600s',
        '--json',
      ]),
    )
    expect(started).toMatchObject({ gate: 'SG1' })
    const { runId } = started
    const { approvalId } = await sign(at, runId, key)
    let args = ['run', 'resume', '--approval', approvalId, '--json']
    const asleep: Running[] = []
    for (const [when, step] of POINTS) {
      const stale = await suspendAt(args, when, step)
      asleep.push(stale)
      await expectHeld(at, runId, stale)
      await hideOwner(at, runId)
      args = ['run', 'resume', runId, '--json']
    }
    expect(jsonOf(await at.cutter(args))).toMatchObject({ status: 'closed', outcome: 'succeeded' })
    const found = () => ({
      entries: listEntries(d.srv),
      releases: hashFolder(join(d.srv, 'releases')),
      current: readlinkSync(join(d.srv, 'current')),
      outside: listEntries(join(folder, 'outside')),
      activated: readFileSync(join(folder, 'program'), 'utf8'),
    })
    const closed = found()
    expect(closed.entries).toEqual([...before, 'current', 'releases'].sort())
    const history = await historyOf(at, runId)

    writeFileSync(join(folder, 'woken'), '')
    for (const stale of asleep) {
      const ending = await wake(stale)
      expect(ending, describeEnding(ending)).toMatchObject({ code: 3, signal: null })
    }
    expect(found()).toEqual(closed)
    expect(await historyOf(at, runId)).toEqual(history)
  })
})
