import { expect, test } from 'vitest'
import { exitOfRun } from '../../src/cli/exit-codes.ts'
import type { Outcome, Run } from '../../src/domain/run.ts'
import { aRun } from '../support/run-fixture.ts'

test.each<[Outcome, number]>([
  ['succeeded', 0],
  ['failed', 1],
  ['rolled-back', 1],
  ['rejected', 3],
  ['cancelled', 3],
  ['voided', 3],
])('the exit code of a run that closed as %s is %i', (outcome, code) => {
  expect(exitOfRun(aRun({ status: 'closed', outcome } as Partial<Run>))).toBe(code)
})

test('the exit code of a run at a gate is 0, of a stopped run 3', () => {
  expect([exitOfRun(aRun()), exitOfRun(aRun({ status: 'stopped' }))]).toEqual([0, 3])
})
