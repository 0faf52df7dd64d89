import { describe, expect, test } from 'vitest'
import { diffWords } from '../../src/document/diff/word-diff.ts'
import { showChange } from '../../src/plan-page/changes-section.ts'
import { excerpt } from '../../src/plan-page/excerpt.ts'

const shown = (before: string, after: string) => String(showChange(diffWords(before, after)))

const LONG =
  'Whoever hands a tool back sharpened is thanked for it in the minutes of the next meeting by name. '

describe('a change that a plan quotes', () => {
  test.each(Array.from({ length: 12 }, (_, length) => length))(
    'has complete words before and after it, wherever the quotation ends (%i)',
    (length) => {
      const before = `${LONG}${'x'.repeat(length)} seven days. ${'y'.repeat(length)} ${LONG}`
      const words = new Set(before.replace('seven', 'nine').split(/\s+/))
      const text = shown(before, before.replace('seven', 'nine'))
      const quoted = text.replace(/~~seven~~|\*\*nine\*\*|…/g, '').split(/\s+/)
      expect(quoted.filter((word) => word !== '' && !words.has(word))).toEqual([])
      expect(text).toContain('…')
    },
  )

  test('leaves the marks of headings out, and shows those that change', () => {
    const old = '### Article 1\n\nLent for seven days.\n'
    expect(shown(old, old.replace('seven', 'nine'))).toBe('Article 1 Lent for ~~seven~~ **nine** days.')
    expect(shown(old, old.replace('###', '##'))).toMatch(/~~.*#.*~~|\*\*.*#.*\*\*/)
    expect(shown('It says # 5 once.', 'It says # 5 twice.')).toContain('# 5')
  })

  test('cuts no sign of a script without blanks in two', () => {
    const text = '国'.repeat(200)
    expect(shown(`${text} a ${text}`, `${text} b ${text}`)).toMatch(/国 ~~a~~ \*\*b\*\* 国/)
  })
})

test('the first and last words of a text have no marks of headings, and end with complete words', () => {
  const text = `### Article 1\n\n${LONG.repeat(4)}\n\n#### Note\n\n${LONG}`
  const words = new Set(text.split(/\s+/))
  const quoted = String(excerpt(text)).split(/\s+/)
  expect(quoted.filter((word) => !words.has(word))).toEqual(['…'])
  expect(quoted).not.toContain('###')
  expect(quoted[0]).toBe('Article')
})
