import { expect, test } from 'vitest'
import { listPlanDifferences } from '../../src/engine/compare-plans.ts'

test.each([
  ['nothing', { a: 1 }, { a: 1 }, []],
  ['a value', { a: { b: [1, 2] } }, { a: { b: [1, 3] } }, ['a.b[1]: 2 → 3']],
  ['a type', { a: 1 }, { a: '1' }, ['a: 1 → "1"']],
  ['a new field', { a: 1 }, { a: 1, b: null }, ['b is new: null']],
  ['a field that is gone', { a: 1, b: {} }, { a: 1 }, ['b is gone, it was: {}']],
  ['a longer list', { a: [] }, { a: [{ n: 1 }] }, ['a is gone, it was: []', 'a[0].n is new: 1']],
  ['everything', 'x', 'y', ['the plan: "x" → "y"']],
])('listPlanDifferences names %s', (_, before, after, lines) => {
  expect(listPlanDifferences(before, after)).toEqual(lines)
})

test('listPlanDifferences shortens long values and long lists', () => {
  const [line] = listPlanDifferences({ a: 'x'.repeat(500) }, { a: 'y' })
  expect(line).toMatch(/^a: "x{119}… \(502 characters\) → "y"$/)
  const lines = listPlanDifferences(Array(100).fill(1), Array(100).fill(2))
  expect(lines).toHaveLength(41)
  expect(lines.at(-1)).toBe('and 60 more fields')
})
