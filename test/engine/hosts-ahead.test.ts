import { expect, test } from 'vitest'
import { listHostsAhead } from '../../src/engine/hosts-ahead.ts'

const NEXT = [
  { state: 'NEXT_HOST', phase: 'next_host' },
  { state: 'HOST_CHOSEN', phase: 'transfer_promote' },
  { state: 'TRANSFERRED', phase: 'build' },
  { state: 'BUILT', phase: 'post_checks' },
  { state: 'PROVEN', phase: 'finish' },
]
const EACH = ['transfer_promote', 'build', 'post_checks', 'finish']
const run = (...states: string[]) => ({
  machine: 'deploy',
  output: { hosts: states.map((state, index) => ({ host: `web${index}`, state })) },
})
const aheadOf = (states: string[], way: { state: string; phase: string | null }[]) =>
  listHostsAhead(run(...states), way).map(({ ahead }) => ahead)

test('the host at work has the rest of its phases ahead, and a host that waits has all of them', () => {
  // The predicted way ends where it repeats itself: at the phase with which it began.
  const way = [...NEXT.slice(3), ...NEXT.slice(0, 3)]
  expect(aheadOf(['live', 'failed', 'working', 'pending'], way)).toEqual([
    [],
    [],
    ['post_checks', 'finish'],
    EACH,
  ])
})

test('a failed host is tried again where the resume of a halted run says so', () => {
  const way = [{ state: 'HALTED', phase: 'retry_hosts' }, ...NEXT]
  expect(aheadOf(['live', 'failed', 'pending'], way)).toEqual([[], EACH, EACH])
})

test('a rollback comes for each host but those on which nothing is left', () => {
  const way = [
    { state: 'ROLLING_BACK', phase: 'rollback' },
    { state: 'ROLLED_BACK', phase: null },
  ]
  expect(aheadOf(['live', 'working', 'failed', 'back'], way)).toEqual([['rollback'], ['rollback'], [], []])
})

test('before the gate all hosts go through each phase together, and a closed run has nothing ahead', () => {
  expect(aheadOf(['pending', 'pending'], [{ state: 'G2_ARTIFACT', phase: 'preflight' }])).toEqual([
    ['preflight'],
    ['preflight'],
  ])
  expect(aheadOf(['live', 'failed'], [])).toEqual([[], []])
})

test('a run with one host names none', () => {
  expect(listHostsAhead({ machine: 'deploy', output: { passed: true } }, NEXT)).toEqual([])
})
