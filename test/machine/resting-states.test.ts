import { describe, expect, test } from 'vitest'
import { type AnyStateMachine, setup } from 'xstate'
import { digestOf, type Json } from '../../src/domain/json.ts'
import { closed, effect, gate, stopped } from '../../src/machine/define.ts'
import { findChartFaults } from '../../src/machine/validate-chart.ts'
import { aMachine, firstOf } from './drive-steps.ts'

/** A run rests only where it waits for a person: no effect is in flight and no delay passes. */

const context = { output: {}, planDigest: digestOf('plan'), stop: null, approvalId: null }
const tried = setup({ actors: { job: effect<Json, Json>() } })
const DECISIONS = { APPROVE: '#END', REJECT: '#GONE', VOID: '#GONE' }

/** A chart of one milestone, and its ends. */
const chart = (milestone: object): AnyStateMachine =>
  tried.createMachine({
    context,
    initial: 'A',
    on: { CANCEL: '.GONE' },
    states: {
      A: milestone,
      END: { id: 'END', type: 'final', meta: closed('succeeded') },
      GONE: { id: 'GONE', type: 'final', meta: closed('cancelled') },
    },
  } as never) as never

const faults = (milestone: object) => findChartFaults(chart(milestone), ['job'])

describe('findChartFaults on delays', () => {
  test.each([
    ['at a stop', { meta: stopped, on: { RETRY: '#END' }, after: { 60000: 'END' } }, 'A', 'A'],
    [
      'around a gate',
      { initial: 'w', after: { 60000: 'END' }, states: { w: { meta: gate('SG1'), on: DECISIONS } } },
      'A.w',
      'A',
    ],
  ])('findChartFaults refuses a delay %s', (_, milestone, at, round) => {
    expect(faults(milestone)).toEqual([
      `state ${at} waits for a person, and the delay (after) of ${round} would never pass there`,
    ])
  })

  test('findChartFaults accepts a delay of a gate only if it closes the run, and not as succeeded', () => {
    const expiring = (target: string) => ({ meta: gate('SG1'), on: DECISIONS, after: { 60000: target } })
    expect(faults(expiring('GONE'))).toEqual([])
    expect(faults(expiring('END'))).toEqual([
      'state A is a gate, and its delay (after) may only close the run there, not as succeeded',
    ])
  })

  test('findChartFaults accepts a delay where no person is waited for', () => {
    expect(faults({ meta: gate('SG1'), on: DECISIONS })).toEqual([])
    expect(faults({ after: { 60000: 'END' } })).toEqual([])
  })
})

test('a chart that waits at a gate while an effect is in flight is refused', () => {
  const job = { invoke: { id: 'job', src: 'job', onDone: '#END', onError: '#GONE' } }
  const parallel = {
    type: 'parallel',
    states: {
      work: { initial: 'on', states: { on: job } },
      gate: { initial: 'at', states: { at: { meta: gate('SG1'), on: DECISIONS } } },
    },
  }
  expect(() => firstOf(aMachine(chart(parallel)))).toThrow(
    'broke at A: it would rest there while an effect is still in flight',
  )
  expect(firstOf(aMachine(chart(job))).run.status).toBe('working')
})
