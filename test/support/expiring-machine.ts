/**
 * The text of a user's module whose gate is closed by a timer.
 * @param milliseconds how long the gate waits
 * @param fields of its input, as the members of a zod object
 */
export const expiringMachine = (
  milliseconds: number,
  fields = '',
) => `import { chart, closed, defineMachine, gated, planOf, readEffect, success, work } from 'cutter'
import { z } from 'zod'

const input = z.object({ ${fields} })
const plan = readEffect({ name: 'plan', input, execute: async () => planOf('SG1', { action: 'none' }, {}) })
const waiting = gated('SG1', { recheck: 'plan', work: 'plan', next: 'CLOSEOUT_REPORTED' })
const states = { ...waiting.states, waiting: { ...waiting.states.waiting, after: { ${milliseconds}: '#EXPIRED' } } }

export const machine = defineMachine({
  name: 'expiring',
  version: '1',
  input,
  effects: [plan],
  logic: chart({
    PENDING: work('plan', 'AWAITING_APPROVAL'),
    AWAITING_APPROVAL: { ...waiting, states },
    CLOSEOUT_REPORTED: success,
    EXPIRED: { type: 'final', meta: closed('voided') },
  }),
})
`
