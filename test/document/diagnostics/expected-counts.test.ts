import { describe, expect, test } from 'vitest'
import {
  findUnexpectedCounts,
  formatExpectedCounts,
  parseExpectedCounts,
} from '../../../src/document/diagnostics/expected-counts.ts'
import { scanText } from '../scan-fixture.ts'

const LAW =
  '# Chapter 1\n\n## Article 1\n\nA.\n\n## Article 2 (repealed)\n\n# Chapter 2\n\n## Article 3\n\nB.\n'

describe('expected counts', () => {
  test.each([
    ['article=3', []],
    ['article=3,chapter=2,units=2', []],
    ['article=4', ['4 of article are expected, and 3 were found (found: units 2, chapter 2)']],
    [
      'chapter=1, units=3',
      [
        '1 of chapter are expected, and 2 were found (found: units 2, article 3)',
        '3 of units are expected, and 2 were found (found: chapter 2, article 3)',
      ],
    ],
    ['section=1', ['1 of section are expected, and 0 were found (found: units 2, chapter 2, article 3)']],
  ])('the counts "%s" of a text are compared with those that were found', (text, expected) => {
    const problems = findUnexpectedCounts(scanText(LAW).records, parseExpectedCounts(text))
    expect(problems.map(({ message }) => message)).toEqual(expected)
    expect(problems.every(({ severity }) => severity === 'stops')).toBe(true)
  })

  test.each(['', 'article', 'article=', 'article=x', 'article=1,article=2', '=3', 'Article=3', 'article=-1'])(
    'the counts "%s" are refused',
    (text) => {
      expect(() => parseExpectedCounts(text)).toThrow('is no count to expect')
    },
  )

  test('expected counts have one form, independent of their order', () => {
    expect(formatExpectedCounts(parseExpectedCounts('chapter=2, article=3'))).toBe('article=3,chapter=2')
  })
})
