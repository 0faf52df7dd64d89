import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, aCutterHome, type CutterHome, type ErrorJson, jsonOf } from '../support/cli.ts'
import { approve, aSigner, enableExecution, LIVE, resume, sign } from '../support/cli-steps.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

const errorOf = (answer: Answer) => jsonOf<{ error: ErrorJson }>(answer).error

/** Two gates with names of their own, of which the second is passed twice. */
const SOURCE = `import { appendFile, readFile } from 'node:fs/promises'
import { chart, defineMachine, gated, planOf, readEffect, success, writeEffect, work } from 'cutter'
import { z } from 'zod'

const input = z.object({ file: z.string() })
const planned = (name, gate) => readEffect({ name, input: z.object({ file: z.string(), round: z.number().default(0) }),
  execute: async (_context, { file, round }) => planOf(gate, { gate, round, file }) })
const line = (name) => writeEffect({ name, input: z.object({ file: z.string(), round: z.number().default(0) }),
  async execute({ runId }, { file, round }) {
    await appendFile(file, name + round + '\\n')
    return { output: { round: round + 1 } }
  },
  simulate: async (_context, { round }) => ({ output: { round: round + 1 } }),
  async probe(_context, { file, round }) {
    const done = (await readFile(file, 'utf8')).includes(name + round + '\\n')
    return done ? { outcome: 'committed', output: { round: round + 1 } } : { outcome: 'not-committed' }
  } })
const again = (name, target) => ({ initial: 'working', states: {
  working: { invoke: { id: name, src: name, input: ({ context }) => ({ ...context.input, ...context.facts }),
    onDone: [{ guard: ({ event }) => event.output.round > 2, target: '#DONE', actions: ['learn', 'dropApproval'] },
      { target, actions: ['learn', 'dropApproval'] }], onError: { target: 'stopped', actions: 'stop' } } },
  stopped: { meta: { stopped: true }, on: { RETRY: 'working' } } } })
export const machine = defineMachine({ name: 'reviewed', version: '1', input,
  effects: [planned('plan', 'REVIEW'), planned('plan_final', 'FINAL_OK'), line('draft'), line('publish')],
  logic: chart({
    PENDING: work('plan', 'REVIEWING'),
    REVIEWING: gated('REVIEW', { recheck: 'plan', work: 'draft', next: 'DRAFTED' }),
    DRAFTED: work('plan_final', 'ACCEPTING'),
    ACCEPTING: gated('FINAL_OK', { recheck: 'plan_final', authorized: again('publish', '#DRAFTED') }),
    DONE: success }) })
`

describeWithKeys('gates with names of their own', () => {
  let at: CutterHome
  let reviewer: string
  let final: string
  beforeAll(async () => {
    at = aCutterHome(`${LIVE}approvals: { policy: { reviewed.FINAL_OK: { validHours: 1 } } }
machines: { reviewed: ./reviewed.ts }\n`)
    at.file('reviewed.ts', SOURCE)
    at.file('text', '')
    reviewer = aSigner(at, 'alice@example.org', 'cutter.reviewed.REVIEW')
    final = aSigner(at, 'bob@example.org', 'cutter.reviewed.FINAL_OK')
    await enableExecution(at)
  })
  afterAll(() => at.remove())

  const bobs = async (runId: string) => {
    const made = await at.cutter([
      'approval',
      'sign',
      runId,
      '--as',
      'bob@example.org',
      '--key',
      final,
      '--json',
    ])
    return jsonOf<{ approvalId: string }>(made).approvalId
  }

  test('each gate takes signers of its own namespace, each arrival its own approval, and the bundle verifies', async () => {
    const started = await at.cutter([
      'run',
      'start',
      'reviewed',
      '--file',
      at.path('text'),
      '--mode',
      'live',
      '--by',
      'bot',
      '--json',
    ])
    const { runId, gate } = jsonOf(started)
    expect(gate).toBe('REVIEW')
    const drafted = jsonOf(await approve(at, runId, reviewer))
    expect([drafted.gate, drafted.state]).toEqual(['FINAL_OK', 'ACCEPTING'])
    // Alice may review, but not accept.
    const hers = (await sign(at, runId, reviewer)).approvalId
    expect(errorOf(await resume(at, runId, hers))).toMatchObject({
      code: 'APPROVAL_REFUSED',
      message: expect.stringContaining('cutter.reviewed.FINAL_OK'),
    })

    const first = await bobs(runId)
    expect(jsonOf(await resume(at, runId, first))).toMatchObject({ status: 'paused', gate: 'FINAL_OK' })
    expect(errorOf(await resume(at, runId, first))).toMatchObject({ code: 'APPROVAL_REFUSED' })
    const closed = jsonOf(await resume(at, runId, await bobs(runId)))
    expect([closed.status, closed.outcome]).toEqual(['closed', 'succeeded'])
    expect(readFileSync(at.path('text'), 'utf8')).toBe('draft0\npublish1\npublish2\n')

    const bundle = at.path('run.tar')
    expect((await at.cutter(['run', 'export', runId, '--out', bundle])).code).toBe(0)
    const verdict = await at.cutter(['verify', bundle, '--signers', at.path('allowed_signers'), '--json'])
    expect(verdict.code).not.toBe(1)
    expect(verdict.stdout).toContain('FINAL_OK')
  })

  test('a policy for a gate that the machine does not have is refused', async () => {
    at.file(
      'cutter.yaml',
      `${LIVE}approvals: { policy: { reviewed.FINAL: { need: 2 } } }
machines: { reviewed: ./reviewed.ts }\n`,
    )
    const refused = await at.cutter(['run', 'start', 'reviewed', '--file', at.path('text'), '--json'])
    expect(errorOf(refused).message).toContain('has no gate FINAL (known: reviewed.')
  })
})
