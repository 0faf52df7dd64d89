import { mkdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf } from '../support/cli.ts'
import { ALICE, aSigner, enableExecution, historyOf, LIVE, sign } from '../support/cli-steps.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const homes: CutterHome[] = []
afterEach(async () => {
  await Promise.all(homes.splice(0).map((home) => home.remove()))
})

async function aRunAtItsGate(mode: 'live' | 'dry-run'): Promise<{ at: CutterHome; runId: string }> {
  const at = aCutterHome(LIVE)
  homes.push(at)
  mkdirSync(at.path('mine'))
  at.file('mine/rotate-keys.ts', readFileSync(EXAMPLE, 'utf8'))
  at.file('service.key', 'the old key\n')
  await enableExecution(at)
  const args = ['run', 'start', './mine/rotate-keys.ts', '--file', 'service.key', '--mode', mode, '--json']
  return { at, runId: jsonOf(await at.cutter(args)).runId }
}

const voiding = (at: CutterHome, runId: string, ...more: string[]) =>
  at.cutter(['run', 'void', runId, '--reason', 'withdrawn', '--json', ...more])
const errorOf = (answer: Awaited<ReturnType<typeof voiding>>) => jsonOf<{ error: ErrorJson }>(answer).error

describeWithKeys('run void', () => {
  test('run void closes a live run only with a signed statement', async () => {
    const { at, runId } = await aRunAtItsGate('live')
    const key = aSigner(at, ALICE, 'cutter.rotate-keys.*')
    const bare = await voiding(at, runId)
    expect([bare.code, errorOf(bare).code]).toEqual([2, 'USAGE'])
    const stranger = await voiding(at, runId, '--as', 'mallory@example.org', '--key', key)
    expect([stranger.code, errorOf(stranger).code]).toEqual([3, 'APPROVAL_REFUSED'])
    const { approvalId } = await sign(at, runId, key)
    const mistyped = await voiding(at, runId, '--approval', approvalId)
    expect([mistyped.code, errorOf(mistyped).message]).toEqual([2, expect.stringContaining('says approve')])

    const voided = await voiding(at, runId, '--as', ALICE, '--key', key)
    expect([voided.code, jsonOf(voided).outcome]).toEqual([3, 'voided'])
    const decided = (await historyOf(at, runId)).at(-1)!.event
    expect(decided).toMatchObject({ type: 'VOID', approver: ALICE, outcome: 'voided' })
    expect(readFileSync(at.path('service.key'), 'utf8')).toBe('the old key\n')
    const again = await voiding(at, runId, '--as', ALICE, '--key', key)
    expect([again.code, jsonOf(again).outcome]).toEqual([3, 'voided'])
    for (const [verb, done] of Object.entries({
      void: 'voided',
      cancel: 'cancelled',
      abandon: 'abandoned',
    })) {
      const late = await at.cutter(['run', verb, runId, '--reason', 'too late'])
      expect(late.stdout).toMatch(
        new RegExp(
          `^note    the run closed as voided on .*Z; nothing was ${done}, and no reason was recorded$`,
          'm',
        ),
      )
    }
    expect((await at.cutter(['run', 'history', runId, '--verify'])).code).toBe(0)
  })

  test('run void accepts a statement that was signed elsewhere', async () => {
    const { at, runId } = await aRunAtItsGate('live')
    const key = aSigner(at, ALICE, 'cutter.rotate-keys.*')
    const { approvalId } = await sign(at, runId, key, '--decision', 'void')
    const voided = await voiding(at, runId, '--approval', approvalId)
    expect([voided.code, jsonOf(voided).outcome]).toEqual([3, 'voided'])
  })

  test('run void closes a dry run with a rehearsal, and names the command for a run that does not wait at a gate', async () => {
    const { at, runId } = await aRunAtItsGate('dry-run')
    const voided = await voiding(at, runId)
    expect([voided.code, jsonOf(voided).outcome]).toEqual([3, 'voided'])
    const started = await at.cutter([
      ...['run', 'start', './mine/rotate-keys.ts', '--file', 'no.key', '--json'],
    ])
    const stopped = jsonOf(started)
    expect(stopped.status).toBe('stopped')
    const refused = await voiding(at, stopped.runId)
    expect([refused.code, errorOf(refused).next]).toEqual([3, expect.stringContaining('cutter run cancel')])
  })
})
