import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatTable } from '../../src/cli/table.ts'
import { widthOf } from '../../src/cli/text-width.ts'

const anyCell = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom('憲章第一条の改正', 'x'.repeat(80), 'one two three four', ''),
)
const anyRows = fc.array(fc.tuple(anyCell, anyCell, anyCell), { maxLength: 4 })

describe('formatTable', () => {
  test('formatTable makes columns as wide as their widest cell, counted in columns of the terminal', () => {
    const rows = [
      ['憲章', 'x'],
      ['ab', 'y'],
    ]
    expect(formatTable(['A', 'B'], rows, null)).toEqual(['A     B', '憲章  x', 'ab    y'])
  })

  test('formatTable continues cells below themselves, after a mark, and takes the room from the widest columns', () => {
    const rows = [['ap-1', 'a path that is long', 'yes']]
    expect(formatTable(['ID', 'FROM', 'OK'], rows, 22)).toEqual([
      'ID    FROM         OK',
      'ap-1  a path that  yes',
      '      … is long',
    ])
  })

  test('no line of a table is wider than the terminal', () => {
    fc.assert(
      fc.property(anyRows, fc.integer({ min: 40, max: 160 }), (rows, width) => {
        for (const line of formatTable(['FIRST', 'SECOND', 'THIRD'], rows, width))
          expect(widthOf(line), line).toBeLessThanOrEqual(width)
      }),
    )
  })

  test('a table loses no word of its cells', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,7}$/), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(words, words, fc.integer({ min: 40, max: 80 }), (one, other, width) => {
        const lines = formatTable(['A', 'B'], [[one.join(' '), other.join(' ')]], width).slice(1)
        const found = lines.join(' ').split(/[ …]+/).filter(Boolean)
        expect(found.sort()).toEqual([...one, ...other].sort())
      }),
    )
  })
})
