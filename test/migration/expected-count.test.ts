import { expect, test } from 'vitest'
import { countWords } from '../../src/domain/count-words.ts'
import { expectedCount, isExpected, mayCount } from '../../src/migration/expected-count.ts'

const AS_FOUND = 'as found at preflight'

test.each([
  [0, [0], [1], false, '0'],
  [5, [5], [4, 6], true, '5'],
  [{ min: 2 }, [2, 900], [0, 1], true, 'at least 2'],
  [{ max: 3 }, [0, 3], [4], true, 'at most 3'],
  [{ min: 2, max: 3 }, [2, 3], [1, 4], true, '2 to 3'],
  [{ max: 0 }, [0], [1], false, 'at most 0'],
  [AS_FOUND, [0, 7], [], true, AS_FOUND],
])('an expected number of rows %j accepts %j and not %j', (given, fits, others, may, words) => {
  const expected = expectedCount.parse(given)
  expect(fits.filter((found) => !isExpected(expected, found))).toEqual([])
  expect(others.filter((found) => isExpected(expected, found))).toEqual([])
  expect([mayCount(expected), countWords(expected)]).toEqual([may, words])
})

test.each([[-1], [1.5], ['many'], [{ min: 4, max: 3 }], [{ least: 1 }], [null]])(
  'refuses %j as a number of rows',
  (given) => {
    expect(expectedCount.safeParse(given).success).toBe(false)
  },
)
