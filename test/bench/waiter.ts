/** A machine `waiter`, whose runs plan at once, wait at SG1, and close after it. */
export const WAITER = `
import { chart, defineMachine, gated, planOf, readEffect, success, work } from 'cutter'
import { z } from 'zod'
const input = z.object({ id: z.string() })
const effect = (name, result) => readEffect({ name, input, execute: async (_, { id }) => result(id) })
export const machine = defineMachine({
  name: 'waiter', version: '1', input,
  effects: [effect('plan', (id) => planOf('SG1', { id })), effect('rest', () => ({ output: {} }))],
  logic: chart({ PENDING: work('plan', 'WAITS'), WAITS: gated('SG1', { recheck: 'plan', work: 'rest', next: 'DONE' }), DONE: success }),
})
`
