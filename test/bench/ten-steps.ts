/** A machine of a user's own, as text, because the bench loads it as users' machines are loaded. */
export const TEN_STEPS = `
import { chart, gated, planOf, readEffect, success, work } from 'cutter'
import { z } from 'zod'

const input = z.object({ id: z.string() })
const note = 'x'.repeat(110)
const result = (id: string, step: number) => ({ ['s' + step]: { run: id, step, ok: true, at: '2026-01-01T00:00:00.000Z', note } })
const step = (n: number) => readEffect({ name: 'step_' + n, input, execute: async (_context, { id }) => ({ output: result(id, n) }) })
const plan = (gate: string, n: number) =>
  readEffect({ name: 'step_' + n, input, execute: async (_context, { id }) => planOf(gate, { id, gate }, result(id, n)) })
const recheck = (gate: string) =>
  readEffect({ name: 'recheck_' + gate, input, execute: async (_context, { id }) => planOf(gate, { id, gate }) })

export const machine = {
  name: 'ten-steps', version: '1', input,
  effects: [step(1), step(2), step(3), plan('SG1', 4), recheck('SG1'), step(5), step(6), plan('SG2', 7), recheck('SG2'), step(8), step(9), step(10)],
  logic: chart({
    S1: work('step_1', 'S2'), S2: work('step_2', 'S3'), S3: work('step_3', 'S4'), S4: work('step_4', 'FIRST'),
    FIRST: gated('SG1', { recheck: 'recheck_SG1', work: 'step_5', next: 'S6' }),
    S6: work('step_6', 'S7'), S7: work('step_7', 'SECOND'),
    SECOND: gated('SG2', { recheck: 'recheck_SG2', work: 'step_8', next: 'S9' }),
    S9: work('step_9', 'S10'), S10: work('step_10', 'DONE'), DONE: success,
  }),
}
`
