import { expect, test } from 'vitest'
import { exitOfRun } from '../../src/cli/exit-codes.ts'
import type { Outcome, Run } from '../../src/domain/run.ts'
import { aRun } from '../support/run-fixture.ts'

/** What a script learns of a run without reading a word. */

test.each<[Outcome, number]>([
  ['succeeded', 0],
  ['failed', 1],
  ['rolled-back', 1],
  ['rejected', 3],
  ['cancelled', 3],
  ['voided', 3],
])('a run that closed as %s gives %i', (outcome, code) => {
  expect(exitOfRun(aRun({ status: 'closed', outcome } as Partial<Run>))).toBe(code)
})

test('a run that waits at a gate gives 0, one that stopped 3', () => {
  expect([exitOfRun(aRun()), exitOfRun(aRun({ status: 'stopped' }))]).toEqual([0, 3])
})
