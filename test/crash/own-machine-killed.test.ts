import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { type ApprovalJson, aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { ALICE, approve, aSigner, enableExecution, historyOf, LIVE, sign } from '../support/cli-steps.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { killableMachine } from './killable-machines.ts'
import { builtProgram } from './spawn-program.ts'

/** The built program is ended by SIGKILL in the middle of a write of an author's machine. Nothing is lost, and nothing is done twice. */

let at: CutterHome
afterEach(() => at.remove())

/** A live run of a machine that waits at its gate, and the key of its approver. */
async function atGate(...parts: Parameters<typeof killableMachine>): Promise<{ runId: string; key: string }> {
  at = aCutterHome(LIVE)
  at.file('killable.mjs', killableMachine(...parts))
  await enableExecution(at)
  const key = aSigner(at, ALICE, 'cutter.killable.*')
  const given = ['--folder', at.home, '--mode', 'live', '--json']
  const { runId } = jsonOf(await at.cutter(['run', 'start', './killable.mjs', ...given]))
  return { runId, key }
}

/** Approves the plan, and kills the program once its write has begun: alone, or with every process that it has started. */
async function killInWrite(
  { runId, key }: { runId: string; key: string },
  who: 'alone' | 'with its processes',
): Promise<void> {
  at.file('hang', '')
  rmSync(at.path('begun'), { force: true })
  const { approvalId }: ApprovalJson = await sign(at, runId, key)
  const args = [builtProgram(at), 'run', 'resume', '--approval', approvalId]
  const program = spawn(process.execPath, args, {
    cwd: at.home,
    env: at.env,
    stdio: 'ignore',
    detached: true,
  })
  const ended = new Promise<NodeJS.Signals | null>((done) =>
    program.once('close', (_, signal) => done(signal)),
  )
  await expect.poll(() => existsSync(at.path('begun'))).toBe(true)
  process.kill(who === 'alone' ? program.pid! : -program.pid!, 'SIGKILL')
  expect(await ended).toBe('SIGKILL')
  rmSync(at.path('hang'))
}

const resumed = async (runId: string): Promise<RunJson> =>
  jsonOf(await at.cutter(['run', 'resume', runId, '--json']))
const units = () =>
  existsSync(at.path('units')) ? readFileSync(at.path('units'), 'utf8').trimEnd().split('\n') : []
/** How the writes of the run ended, as the history says. */
const writesOf = async (runId: string) =>
  (await historyOf(at, runId))
    .filter(({ event }) => event.type === 'xstate.done.actor.add')
    .map(({ event }) => event.ran)

describeWithKeys('a machine of an author that is killed in its write', () => {
  test.each([
    ['has half of its write in another file', 'HALVES', 'alone', 'execute'],
    ['has written all and not returned', 'DONE', 'alone', 'probe'],
    ['left its write to a process that lives on', 'CHILD', 'alone', 'probe'],
    ['left its write to a process that dies, too', 'CHILD', 'with its processes', 'execute'],
  ] as const)('and %s, writes once', async (_, write, who, ran) => {
    const run = await atGate(write, 'ONE_GATE')
    await killInWrite(run, who)
    expect(await resumed(run.runId)).toMatchObject({ outcome: 'succeeded' })
    expect(units()).toEqual([expect.stringMatching(new RegExp(`^${run.runId} \\d+$`))])
    expect(await writesOf(run.runId)).toEqual([ran])
  })

  test('and comes to the same gate twice, writes once under each approval', async () => {
    const run = await atGate('HALVES', 'SAME_GATE_TWICE')
    await killInWrite(run, 'alone')
    expect(await resumed(run.runId)).toMatchObject({ status: 'paused', gate: 'SG1' })
    await killInWrite(run, 'alone')
    expect(await resumed(run.runId)).toMatchObject({ outcome: 'succeeded' })
    expect(new Set(units()).size).toBe(2)
    expect(units()).toHaveLength(2)
    expect(await writesOf(run.runId)).toEqual(['execute', 'execute'])
    const approved = (await historyOf(at, run.runId)).filter(({ event }) => event.type === 'APPROVE')
    expect(new Set(approved.map(({ event }) => event.approvalId)).size).toBe(2)
  })

  test.each([
    ['was committed, succeeds', 'DONE', 'succeeded', 1],
    ['is missing, fails and leaves it undone', 'HALVES', 'failed', 0],
  ] as const)('and whose timer ended since, when its write %s', async (_, write, outcome, written) => {
    const run = await atGate(write, 'TIMED')
    await killInWrite(run, 'alone')
    await sleep(1_600)
    expect(await resumed(run.runId)).toMatchObject({ status: 'closed', outcome })
    expect(units()).toHaveLength(written)
    expect((await approve(at, run.runId, run.key).catch(() => null))?.code ?? 1).not.toBe(0)
    expect(units()).toHaveLength(written)
  })
})
