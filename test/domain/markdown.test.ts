import { describe, expect, test } from 'vitest'
import { code, factList, flattenFacts, inline, page } from '../../src/domain/markdown.ts'

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
    expect(code(text)).toBe(shown)
  })

  test('cuts a long text between characters', () => {
    expect(code('𝕏'.repeat(500))).toBe(`\`${'𝕏'.repeat(400)}…\``)
  })
})

describe('facts', () => {
  test('are shown in one line, long ones by their digest', () => {
    expect([inline(null), inline(7), inline(true), inline([1, 2])]).toEqual(['–', '7', 'true', '`[1,2]`'])
    expect(inline(Array.from({ length: 99 }, (_, n) => n))).toMatch(/^99 items, `sha256:[0-9a-f]{64}`$/)
  })

  test('are flattened to their paths', () => {
    expect(flattenFacts({ a: { b: 1, c: [2] }, d: null })).toEqual([
      ['a.b', 1],
      ['a.c', [2]],
      ['d', null],
    ])
  })

  test('of any shape form a nested list', () => {
    expect(factList({ a: { b: 1 }, c: 'x' })).toEqual(['- `a`', '  - `b`: 1', '- `c`: `x`'])
    expect(factList('x')).toEqual(['- `x`'])
  })

  test('form a page with one final newline', () => {
    expect(page('a', ['', '', '', 'b', ''])).toBe('a\n\nb\n')
  })
})
