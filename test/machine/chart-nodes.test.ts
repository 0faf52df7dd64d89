import { describe, expect, test } from 'vitest'
import type { AnyStateMachine } from 'xstate'
import { cut } from '../../machines/cut.ts'
import type { Json } from '../../src/domain/json.ts'
import { chart, gated, success, work } from '../../src/machine/chart.ts'
import { findLeafNodes, gatesBefore } from '../../src/machine/chart-nodes.ts'
import { findChartFaults } from '../../src/machine/validate-chart.ts'

const passedBefore = (logic: AnyStateMachine, value: Json) => gatesBefore(logic, findLeafNodes(logic, value)!)

describe('gatesBefore', () => {
  test.each<[string, Json, string[]]>([
    ['the start', { PENDING: 'working' }, []],
    ['a gate itself', { AWAITING_CUT_AUTHORIZATION: 'waiting' }, []],
    ['the look at the world for a gate', { AWAITING_CUT_AUTHORIZATION: 'checking' }, []],
    ['the work under its approval', { AWAITING_CUT_AUTHORIZATION: { authorized: 'working' } }, ['SG1']],
    ['the next milestone', { CUT_LEG_A_COMMITTED: 'stopped' }, ['SG1']],
    ['the second gate', { AWAITING_LIFECYCLE_AUTHORIZATION: 'waiting' }, ['SG1']],
    ['after both', { LIFECYCLE_ENACTED: 'working' }, ['SG1', 'SG2']],
    ['the end', 'CLOSEOUT_REPORTED', ['SG1', 'SG2']],
    ['a cancelled run', 'CANCELLED', []],
  ])('gatesBefore finds the gates of a cut before %s', (_, value, gates) => {
    expect(passedBefore(cut.logic, value)).toEqual(gates)
  })

  test('gatesBefore leaves out a gate that another path avoids', () => {
    const logic = chart({
      A: work('plan', 'G'),
      G: gated('SG1', { recheck: 'plan', work: 'write', next: 'B' }),
      B: { on: { BACK: '#A' }, ...work('plan', 'END') },
      END: success,
    })
    expect(passedBefore(logic, { B: 'working' })).toEqual(['SG1'])
    const round = chart({
      A: { on: { SKIP: '#B' }, ...work('plan', 'G') },
      G: gated('SG1', { recheck: 'plan', work: 'write', next: 'B' }),
      B: work('plan', 'END'),
      END: success,
    })
    expect(passedBefore(round, { B: 'working' })).toEqual([])
  })
})

test.each<[string, Json]>([
  ['a state that is not there', 'NOWHERE'],
  ['a substate that is not there', { PENDING: 'sleeping' }],
  ['a place above a state', 'PENDING'],
  ['two milestones at once', { PENDING: 'working', MARKED: 'working' }],
  ['nothing', {}],
  ['null', null],
])('findLeafNodes finds no state for %s', (_, value) => {
  expect(findLeafNodes(cut.logic, value)).toBeNull()
})

test('findChartFaults finds no fault in the shipped charts', () => {
  expect(findChartFaults(cut.logic, Object.keys(cut.logic.implementations.actors))).toEqual([])
})
