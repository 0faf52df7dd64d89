import { describe, expect, test } from 'vitest'
import { diffOtherText, type TextPart } from '../../../src/document/diff/diff-other-text.ts'

/** `A1` to `A9` are units, everything else is a text. */
const parts = (...words: string[]): TextPart[] =>
  words.map((word) => (/^A\d$/.test(word) ? { unit: word } : { text: `${word}\n` }))

const lines = (before: TextPart[], after: TextPart[]) =>
  diffOtherText(before, after).other.map(
    ({ after: unit, removed, added }) => `${unit ?? '-'}: ${removed.join('|')} → ${added.join('|')}`,
  )

describe('diffOtherText', () => {
  const before = parts('title', 'A1', 'chapter', 'A2', 'A3')

  test.each<[string, TextPart[], string[]]>([
    ['finds nothing in the same text', before, []],
    ['finds other words', parts('title 2', 'A1', 'chapter', 'A2', 'A3'), ['-: title → title 2']],
    ['finds a line that is gone', parts('title', 'A1', 'A2', 'A3'), ['A1: chapter → ']],
    ['finds a line behind the last unit', parts('title', 'A1', 'chapter', 'A2', 'A3', 'end'), ['A3:  → end']],
    [
      'finds a line that stands at another place',
      parts('title', 'A1', 'A2', 'chapter', 'A3'),
      ['A1: chapter → ', 'A2:  → chapter'],
    ],
    ['does not count units that come and go', parts('title', 'A1', 'chapter', 'A4', 'A2'), []],
  ])('diffOtherText %s', (_, after, expected) => {
    expect(lines(before, after)).toEqual(expected)
  })

  test('diffOtherText lists the units that stand at another place', () => {
    expect(diffOtherText(before, parts('title', 'A2', 'A1', 'chapter', 'A3')).moved).toEqual(['A2'])
  })

  test('diffOtherText tells white space from words', () => {
    const [one] = diffOtherText([{ text: 'a b\n' }], [{ text: 'a  b\n\n' }]).other
    expect(one).toMatchObject({ blank: true, removed: ['a b'], added: ['a  b', ''] })
  })
})
