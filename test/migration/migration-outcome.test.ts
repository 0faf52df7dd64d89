import { describe, expect, test } from 'vitest'
import type { MigrationBundleSpec } from '../../src/migration/migration-bundle-spec.ts'
import {
  compareOutcomes,
  findUnexpectedChanges,
  type MigrationOutcome,
} from '../../src/migration/migration-outcome.ts'

type Expected = MigrationBundleSpec['expect']['rows'][string]

/** An outcome with this many updated rows of public.unit, whose title changed where there are any. */
const outcome = (updated: number, title = updated): MigrationOutcome => ({
  schema: { added: [], removed: [], changed: [] },
  rows: updated === 0 ? {} : { 'public.unit': { inserted: 0, updated, deleted: 0 } },
  rewritten: [],
  columns: title === 0 ? {} : { 'public.unit': { title } },
  distributions: [],
  madeDigest: '',
})

const spec = (updated: Expected['updated']) => ({
  expect: {
    schema: { added: [], removed: [], changed: [] },
    rows: { 'public.unit': { inserted: 0, updated, deleted: 0, columns: ['title'] } },
    sequences: [],
    distributions: [],
  },
  sideEffects: [],
})

describe('findUnexpectedChanges', () => {
  test.each([
    [86, 86, []],
    [86, 87, ['public.unit: 87 rows updated, 86 expected']],
    [{ min: 80, max: 90 }, 87, []],
    [{ min: 80, max: 90 }, 91, ['public.unit: 91 rows updated, 80 to 90 expected']],
    [{ min: 80 }, 79, ['public.unit: 79 rows updated, at least 80 expected']],
    [{ max: 90 }, 0, []],
    ['as found at preflight', 12, []],
  ] as [Expected['updated'], number, string[]][])(
    'of %j and %i updated rows are %j',
    (expected, found, lines) => {
      expect(findUnexpectedChanges(spec(expected), outcome(found))).toEqual(lines)
    },
  )
})

describe('compareOutcomes', () => {
  test.each([
    [86, 86, 87, 'public.unit: 87 rows updated, 86 expected'],
    ['as found at preflight', 86, 87, 'public.unit: 87 rows updated, 86 expected'],
    [{ min: 80, max: 90 }, 86, 91, 'public.unit: 91 rows updated, 80 to 90 expected'],
  ] as [Expected['updated'], number, number, string][])(
    'where %j is expected, %i rows in the rehearsal and %i on the target differ',
    (expected, rehearsed, found, line) => {
      const lines = compareOutcomes(outcome(rehearsed), outcome(found), spec(expected).expect.rows)
      expect(lines).toContain(line)
    },
  )

  test('a range may have another number on the target than in the rehearsal', () => {
    const { rows } = spec({ min: 0, max: 90 }).expect
    expect(compareOutcomes(outcome(86), outcome(87), rows)).toEqual([])
    expect(compareOutcomes(outcome(86), outcome(0), rows)).toEqual([])
  })
})
