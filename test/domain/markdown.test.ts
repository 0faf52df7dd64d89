import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  code,
  exact,
  factList,
  fenced,
  flattenFacts,
  inline,
  md,
  nameSpan,
  page,
  proseList,
  quoted,
  table,
} from '../../src/domain/markdown.ts'

describe('a code span', () => {
  test.each([
    ['plain', '`plain`'],
    ['', '–'],
    ['a | b', '`a \\| b`'],
    ['`x`', '`` `x` ``'],
    ['a ``` b', '```` a ``` b ````'],
    ['two\nlines', '`two\\nlines`'],
    ['\u001b[31mred', '`\\u{1b}[31mred`'],
    ['right\u202eto left', '`right\\u{202e}to left`'],
    ['Điều 5 · “x” 第5条', '`Điều 5 · “x” 第5条`'],
  ])('shows %j as %s', (text, shown) => {
    expect(String(code(text))).toBe(shown)
  })

  test('cuts a long text between characters', () => {
    expect(String(code('𝕏'.repeat(500)))).toBe(`\`${'𝕏'.repeat(400)}…\``)
  })
})

describe('a name', () => {
  test.each([
    ['CHARTER/ARTICLE-1', '`CHARTER/ARTICLE-1`'],
    ['two\nlines', 'two lines'],
    ['` x | y', '\\` x \\| y'],
    ['right\u202eto left', 'rightU+202Eto left'],
  ])('shows %j as %s', (text, shown) => {
    expect(String(nameSpan(text))).toBe(shown)
  })
})

describe('facts', () => {
  test('are shown in one line, long ones by their digest', () => {
    expect([null, 7, -1.5, true, [1, 2]].map((value) => String(inline(value)))).toEqual([
      '–',
      '7',
      '-1.5',
      'true',
      '`[1,2]`',
    ])
    expect(String(inline(Array.from({ length: 99 }, (_, n) => n)))).toMatch(
      /^99 items, `sha256:[0-9a-f]{64}`$/,
    )
  })

  test('are flattened to their paths', () => {
    expect(flattenFacts({ a: { b: 1, c: [2] }, d: null })).toEqual([
      ['a.b', 1],
      ['a.c', [2]],
      ['d', null],
    ])
  })

  test('of any shape form a nested list', () => {
    expect(factList({ a: { b: 1 }, c: 'x' }).map(String)).toEqual(['- `a`', '  - `b`: 1', '- `c`: `x`'])
    expect(factList('x').map(String)).toEqual(['- `x`'])
  })

  test('form a page with one final newline', () => {
    expect(page(md`a`, ['', '', '', md`b`, ''])).toBe('a\n\nb\n')
  })
})

describe('text of others in Markdown', () => {
  const planted =
    'a\n\n# PLANTED\r\n- PLANTED\u2028| PLANTED |\n```\nPLANTED ~~~ **b** <b>\u001b[2J\u202e\u200b'
  const hidden = /[\p{Cc}\p{Cf}\u2028]/u

  test.each([
    ['md', md`- ${planted}, ${[planted, md`*mine*`]}`],
    ['a code span', md`- ${code(planted)}`],
    ['a heading', md`## ${planted}`],
  ])('%s stays one line', (_, made) => {
    expect(String(made)).not.toMatch(/\n/)
    expect(String(made)).not.toMatch(hidden)
    expect(String(made).replaceAll('\\\\', '')).toMatch(/PLANTED/)
  })

  test.each([
    ['a table', table(['head', planted], [[planted, code(planted)]]), 4, /^$|^\| .* \|$/],
    ['a list', proseList({ [planted]: [planted, { [planted]: planted }] }), 4, /^ *-/],
    ['a list of facts', factList({ [planted]: { [planted]: planted } }), 2, /^ *- `/],
    ['a fenced block', fenced([planted]), 3, /^a\\n|^`{4}$/],
    ['a quotation', quoted(planted), 6, /^>/],
  ])('%s has the lines of its own values alone', (_, made, lines, form) => {
    const shown = page(made).trimEnd().split('\n')
    expect(made).toHaveLength(lines)
    expect(shown.filter((line) => !form.test(line) || hidden.test(line))).toEqual([])
  })

  test('a cell has no unescaped bar', () => {
    const [, , row] = table(['head'], [[md`${planted}, ${code(planted)}`]])
    expect(String(row).replace(/\\[\s\S]/g, '')).toMatch(/^\| [^|]* \|$/)
  })
})

test.each([
  ['a line end', '-- nothing to see\nDROP TABLE users;', '\\-- nothing to see U+000A DROP TABLE users;'],
  ['a carriage return', 'a\rb', 'a U+000D b'],
  ['a line separator', 'a\u2028b', 'a U+2028 b'],
  ['a tab', 'a\tb', 'a U+0009 b'],
  ['repeated blanks', 'a  b', 'a  U+0020 b'],
  ['a blank at an end', 'a ', 'a U+0020 '],
  ['one blank between words', 'a b c', 'a b c'],
  ['what would begin a numbered list', '12. a', '12\\. a'],
  ['what would begin another list', '- a', '\\- a'],
])('exact shows %s', (_, text, shown) => {
  expect(String(exact(text))).toBe(shown)
})

test('underscores are escaped unless a letter or digit of any script is on both sides', () => {
  const signs = fc.constantFrom(
    '_',
    'a',
    '7',
    ' ',
    '.',
    'é',
    'ß',
    'д',
    '字',
    '𝒳',
    '𐍈',
    '٣',
    '\u0301',
    '😀',
    '-',
  )
  const escapedByClasses = (text: string) =>
    text
      .replace(/[\\`*{}[\]<>|~#&$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\$&')
      .replace(/^[+=-]/, '\\$&')
      .replace(/^(\d+)([.)])/, '$1\\$2')
  fc.assert(
    fc.property(fc.array(signs, { maxLength: 12 }), (parts) => {
      const text = parts.join('').replace(/\s+/gu, ' ').trim()
      expect(String(md`${text}`)).toBe(escapedByClasses(text))
    }),
  )
})
