// cspell:ignore commited
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { aSigner, enableExecution, LIVE, resume, sign } from '../support/cli-steps.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

/** A probe that misspells its outcome, in a live run of the built program. It logs to the console too. */
const SOURCE = `import { appendFile, readFile } from 'node:fs/promises'
import { chart, defineMachine, gated, planOf, readEffect, success, work, writeEffect } from 'cutter'
import { z } from 'zod'

console.log('loaded')
const input = z.object({ file: z.string() })
const plan = readEffect({ name: 'plan', input, async execute(_context, { file }) {
  console.log('planning'); console.table([{ a: 1 }]); console.dir({ b: 2 })
  return planOf('SG1', { action: 'append', file })
} })
const pay = writeEffect({ name: 'pay', input,
  async execute({ runId }, { file }) {
    await appendFile(file, 'paid ' + runId + '\\n')
    if (process.env.DIE) process.kill(process.pid, 'SIGKILL')
    return { output: {} }
  },
  simulate: async () => ({ output: {} }),
  async probe({ runId }, { file }) {
    const done = (await readFile(file, 'utf8')).includes(runId)
    return done ? { outcome: 'commited', output: {} } : { outcome: 'not-committed' }
  } })
export const machine = defineMachine({ name: 'pay', version: '1', input, effects: [plan, pay], logic: chart({
  PENDING: work('plan', 'GATE'), GATE: gated('SG1', { recheck: 'plan', work: 'pay', next: 'DONE' }), DONE: success }) })
`

describeWithKeys('a machine whose probe misspells its outcome', () => {
  let at: CutterHome
  let key: string
  beforeAll(async () => {
    at = aCutterHome(LIVE)
    key = aSigner(at, 'alice@example.org', 'cutter.pay.*')
    at.file('pay.ts', SOURCE)
    at.file('paid', '')
    await enableExecution(at)
  })
  afterAll(() => at.remove())

  test('does its write once when the process is killed after the write, and stops as unknown', async () => {
    const answer = await at.cutter([
      'run',
      'start',
      './pay.ts',
      '--file',
      at.path('paid'),
      '--mode',
      'live',
      '--by',
      'bot',
      '--json',
    ])
    // What the module logs is on stderr, so the answer is JSON alone.
    const { runId, status } = jsonOf(answer)
    expect(status).toBe('paused')
    for (const text of ['loaded', 'planning', '│ 1', 'b: 2']) expect(answer.stderr).toContain(text)

    const approval = await sign(at, runId, key)
    const environment = { env: { ...at.env, DIE: '1' } }
    await expect(
      at.cutter(['run', 'resume', '--approval', approval.approvalId], environment),
    ).rejects.toThrow('SIGKILL')
    for (let times = 0; times < 2; times++) {
      const { status, stopCode, stop } = jsonOf(await resume(at, runId))
      expect([status, stopCode]).toEqual(['stopped', 'STOP_OUTCOME_UNKNOWN'])
      expect(stop?.message).toMatch(/pay\.ts:11\) returned the outcome "commited"/)
    }
    expect(readFileSync(at.path('paid'), 'utf8')).toBe(`paid ${runId}\n`)
  })
})
