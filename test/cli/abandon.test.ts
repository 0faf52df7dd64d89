import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf } from '../support/cli.ts'
import { ALICE, approve, aSigner, enableExecution, historyOf, LIVE, sign } from '../support/cli-steps.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

/** A write that throws after it wrote, and a probe that cannot say what stands. */
const MODULE = `
import { appendFileSync } from 'node:fs'
import { chart, defineMachine, gated, planOf, readEffect, success, work, writeEffect } from 'cutter'
import { z } from 'zod'
const input = z.object({ file: z.string() })
const plan = readEffect({ name: 'plan', input, execute: async (_, { file }) => planOf('SG1', { file }) })
let wrote = false
const add = writeEffect({
  name: 'add',
  input,
  async execute(_, { file }) {
    appendFileSync(file, 'one unit\\n')
    wrote = true
    throw new Error('the connection broke')
  },
  simulate: async () => ({ output: {} }),
  probe: async () => (wrote ? { outcome: 'unknown', why: 'the server is gone' } : { outcome: 'not-committed' }),
})
export const machine = defineMachine({
  name: 'adder',
  version: '1',
  input,
  effects: [plan, add],
  logic: chart({
    PENDING: work('plan', 'AWAITING'),
    AWAITING: gated('SG1', { recheck: 'plan', work: 'add', next: 'CLOSEOUT_REPORTED' }),
    CLOSEOUT_REPORTED: success,
  }),
})
`

const homes: CutterHome[] = []
afterEach(async () => {
  await Promise.all(homes.splice(0).map((home) => home.remove()))
})

async function aRunAtItsGate(
  mode: 'live' | 'dry-run',
): Promise<{ at: CutterHome; key: string; runId: string }> {
  const at = aCutterHome(LIVE)
  homes.push(at)
  mkdirSync(at.path('mine'))
  at.file('mine/adder.ts', MODULE)
  await enableExecution(at)
  const key = aSigner(at, ALICE, 'cutter.adder.*')
  const file = at.path('units.txt')
  const args = ['run', 'start', './mine/adder.ts', '--file', file, '--mode', mode, '--json']
  return { at, key, runId: jsonOf(await at.cutter(args)).runId }
}

const abandoning = (at: CutterHome, runId: string, ...more: string[]) =>
  at.cutter(['run', 'abandon', runId, '--json', ...more])
const errorOf = (answer: Awaited<ReturnType<typeof abandoning>>) => jsonOf<{ error: ErrorJson }>(answer).error

describeWithKeys('run abandon', () => {
  test('run abandon closes a run whose module and target are gone, and all that is left says what nobody knows', async () => {
    const { at, key, runId } = await aRunAtItsGate('live')
    expect(jsonOf(await approve(at, runId, key))).toMatchObject({ stopCode: 'STOP_OUTCOME_UNKNOWN' })
    expect(readFileSync(at.path('units.txt'), 'utf8')).toBe('one unit\n')
    rmSync(at.path('mine'), { recursive: true })
    const bare = await abandoning(at, runId)
    expect([bare.code, errorOf(bare)]).toEqual([
      3,
      expect.objectContaining({
        code: 'APPROVAL_REQUIRED',
        message: expect.stringContaining('add (entry'),
        next: expect.stringContaining('--decision abandon'),
      }),
    ])

    const shown = await at.cutter(['run', 'show', runId])
    expect(shown.stdout).toMatch(/^unknown add, entry \d+, attempt 1: "it was started, and nobody knows/m)
    const explained = await at.cutter(['run', 'explain', runId])
    expect(explained.stdout).toMatch(/^unknown {3}add, entry \d+, attempt 1: "it was started/m)
    const statement = await at.cutter([
      'approval',
      'statement',
      runId,
      '--as',
      ALICE,
      '--decision',
      'abandon',
      '--reason',
      'gone',
    ])
    expect(JSON.parse(statement.stdout)).toMatchObject({ decision: 'abandon' })
    expect(statement.stderr).toMatch(/^abandons {2}add, entry \d+, attempt 1: "it was started/m)

    const { approvalId, gate, decision } = await sign(at, runId, key, '--decision', 'abandon')
    expect([gate, decision]).toEqual(['abandon', 'abandon'])
    const abandoned = await abandoning(at, runId, '--approval', approvalId)
    expect([abandoned.code, jsonOf(abandoned).outcome]).toEqual([3, 'abandoned'])
    expect((await historyOf(at, runId)).at(-1)!.event).toMatchObject({
      type: 'cutter.run-abandoned',
      unsettledWrites: [{ phase: 'add', attempt: 1 }],
    })
    const again = await abandoning(at, runId)
    expect([again.code, jsonOf(again).outcome]).toEqual([3, 'abandoned'])
    expect((await at.cutter(['run', 'history', runId, '--verify'])).code).toBe(0)
    const report = readFileSync(at.path(join('var', 'runs', runId, 'closeout.md')), 'utf8')
    expect(report).toContain('Closeout: abandoned')
    expect(report).toContain('was done is not known')
    expect(report).not.toContain('no write was done')

    const bundle = at.path('run.tar')
    expect((await at.cutter(['run', 'export', runId, '--out', bundle])).code).toBe(0)
    const verdict = await at.cutter(['verify', bundle, '--signers', at.path('allowed_signers')])
    expect(verdict.code).toBe(0)
    expect(verdict.stdout).toContain('unknown  add, entry')
    expect(verdict.stdout).toContain('gate abandon: abandoned by alice@example.org')
  })

  test('run abandon signs and applies the statement at once', async () => {
    const { at, key, runId } = await aRunAtItsGate('live')
    const blank = await abandoning(at, runId, '--as', ALICE, '--key', key)
    expect([blank.code, errorOf(blank).code]).toEqual([2, 'USAGE'])
    const abandoned = await abandoning(at, runId, '--as', ALICE, '--key', key, '--reason', 'not needed')
    expect([abandoned.code, jsonOf(abandoned).outcome]).toEqual([3, 'abandoned'])
  })

  test('run abandon of a dry run needs no signature', async () => {
    const { at, runId } = await aRunAtItsGate('dry-run')
    const abandoned = await abandoning(at, runId, '--reason', 'not needed')
    expect([abandoned.code, jsonOf(abandoned).outcome]).toEqual([3, 'abandoned'])
  })

  test('run abandon follows a policy of its own', async () => {
    const { at, key, runId } = await aRunAtItsGate('live')
    at.file('cutter.yaml', `${LIVE}approvals: { policy: { adder.abandon: { need: 2 } } }\n`)
    const few = await abandoning(at, runId, '--as', ALICE, '--key', key, '--reason', 'not needed')
    expect([few.code, errorOf(few).code]).toEqual([3, 'APPROVAL_REFUSED'])
    expect(errorOf(few).message).toContain('adder.abandon needs 2 people')
  })
})
