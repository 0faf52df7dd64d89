/** A machine whose one write adds a unit to a target of the test, `globalThis.waysOut`, as the source of its module. */
interface Versioned {
  /** Whether it also adds a unit before its gate, as a trial (`beforeApproval`). */
  triesFirst?: boolean
  /** Version 2 has an upgrade from version 1. */
  version?: 1 | 2
}

export const adderModule = ({ triesFirst = false, version = 1 }: Versioned = {}): string => `
import { chart, defineMachine, gated, planOf, readEffect, success, work, writeEffect } from 'cutter'
import { z } from 'zod'
const input = z.object({ name: z.string() })
const target = () => globalThis.waysOut
const plan = readEffect({ name: 'plan', input, execute: async (_, { name }) => planOf('SG1', { name }) })
const add = writeEffect({
  name: 'add',
  input,
  beforeApproval: ${triesFirst},
  async execute() {
    target().units++
    if (target().write === 'hangs') await new Promise(() => {})
    target().probe = 'is gone'
    throw new Error('the connection broke')
  },
  simulate: async () => ({ output: {} }),
  async probe() {
    if (target().probe === 'is gone') return { outcome: 'unknown', why: 'no server' }
    return target().units === 0 ? { outcome: 'not-committed' } : { outcome: 'committed', output: {} }
  },
})
export const machine = defineMachine({
  name: 'adder',
  version: '${version}',
  input,
  effects: [plan, add],
  ${version === 2 ? "upgrade: { '1': { schema: z.looseObject({}), migrate: (snapshot) => snapshot } }," : ''}
  logic: chart({
    PENDING: work(${triesFirst ? "'add', 'TRIED'),\n    TRIED: work('plan', 'AWAITING')" : "'plan', 'AWAITING')"},
    AWAITING: gated('SG1', { recheck: 'plan', work: 'add', next: 'CLOSEOUT_REPORTED' }),
    CLOSEOUT_REPORTED: success,
  }),
})
`
