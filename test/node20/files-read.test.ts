import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'

let at: CutterHome
afterEach(() => at.remove())

const MACHINE = `
import { chart, defineMachine, gated, planOf, readEffect, success, work } from 'cutter'
import { z } from 'zod'
const input = z.object({ id: z.string() })
const plan = (name) => readEffect({ name, input, execute: async (_context, { id }) => planOf('SG1', { id }) })
export const machine = defineMachine({
  name: 'waiter', version: '1', input,
  effects: [plan('plan'), readEffect({ name: 'rest', input, execute: async () => ({ output: {} }) })],
  logic: chart({
    PENDING: work('plan', 'WAITS'),
    WAITS: gated('SG1', { recheck: 'plan', work: 'rest', next: 'DONE' }),
    DONE: success,
  }),
})
`

/** Notes each built file that a command reads. */
const SPY = `
const fs = require('node:fs')
const { readFileSync } = fs
fs.readFileSync = (file, ...others) => {
  const [, name] = /[\\/\\\\]dist[\\/\\\\](\\w+\\.cjs)$/.exec(String(file)) ?? []
  if (name !== undefined) fs.appendFileSync(process.env.READ_FILES, name + '\\n')
  return readFileSync(file, ...others)
}
`

test('a resume of a user’s own machine reads the files for moving runs, and not the rest', {
  timeout: 120_000,
}, async () => {
  at = aCutterHome('machines: { waiter: ./waiter.ts }\n')
  at.file('waiter.ts', MACHINE)
  const { runId } = jsonOf<{ runId: string }>(
    await at.cutter(['run', 'start', 'waiter', '--id', 'a', '--json']),
  )
  const { approvalId } = jsonOf<{ approvalId: string }>(
    await at.cutter(['approval', 'rehearse', runId, '--json']),
  )
  const log = at.file('read', '')
  const env = { NODE_OPTIONS: `--require=${at.file('spy.cjs', SPY)}`, READ_FILES: log }
  const resumed = await at.cutter(['run', 'resume', '--approval', approvalId, '--json'], { env })
  expect(jsonOf<{ state: string }>(resumed).state).toBe('DONE')
  const files = new Set(readFileSync(log, 'utf8').split('\n').slice(0, -1))
  expect([...files]).toEqual(expect.arrayContaining(['main.cjs', 'work.cjs']))
  expect([...files]).not.toContain('rest.cjs')
})
