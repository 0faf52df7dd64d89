import { describe, expect, test } from 'vitest'
import { nameInLine, textInLine, visible, visibleLines } from '../../src/domain/visible.ts'

/** Text of others on a line for people. */

describe('visible', () => {
  test.each([
    ['newlines and tabs', 'a\nb\r\nc\td', 'a\\nb\\r\\nc\\td'],
    ['a sequence that moves the cursor', 'by ali\u001b[2K\rroot', 'by ali\\u{1b}[2K\\rroot'],
    ['characters that begin a line', 'a\u2028b\u0085c\u009b1A\u000bd', 'a\\u{2028}b\\u{85}c\\u{9b}1A\\u{b}d'],
    ['characters that reverse text', 'a\u202egro\u2066.b\u200f', 'a\\u{202e}gro\\u{2066}.b\\u{200f}'],
    ['zero-width characters', 'al\u200bi\ufeffce\u2060\u00ad', 'al\\u{200b}i\\u{feff}ce\\u{2060}\\u{ad}'],
    ['joiners between Latin letters', 'al\u200dic\u200ce', 'al\\u{200d}ic\\u{200c}e'],
    ['letters that show nothing', 'a\u3164b\u115fc\u2800d', 'a\\u{3164}b\\u{115f}c\\u{2800}d'],
    ['tags and variation selectors', 'a\u{e0041}b\ufe0f', 'a\\u{e0041}b\\u{fe0f}'],
    ['half of a pair', 'a\ud800b', 'a\\u{d800}b'],
  ])('visible spells %s', (_, text, shown) => {
    expect(visible(text)).toBe(shown)
  })

  test.each([
    ['Vietnamese and Arabic', 'Điều 5. đỏ مادة ١'],
    ['a joiner that Persian needs', 'می\u200cخواهم'],
    ['a joiner that Hindi needs', 'क्\u200dष'],
    ['signs of Markdown and of shells', '`a` | $(b) \\n <c>'],
  ])('visible keeps %s', (_, text) => {
    expect(visible(text)).toBe(text)
  })

  test('visible spells every character that begins a line, controls a terminal or shows nothing', () => {
    const dangerous = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u
    for (let point = 0; point <= 0x10ffff; point += 1) {
      const shown = visible(`a${String.fromCodePoint(point)}b`)
      if (dangerous.test(shown)) expect(`U+${point.toString(16)}`).toBe('spelled')
    }
  })
})

test('visibleLines keeps the line ends of a text', () => {
  expect(visibleLines('a\r\nb\n\u001b[2Jc\n')).toEqual(['a', 'b', '\\u{1b}[2Jc', ''])
})

test.each([
  ['alice@example.org', 'alice@example.org'],
  ['ictr-20260301T090000Z-01010101', 'ictr-20260301T090000Z-01010101'],
  ['Zoë', 'Zoë'],
  ['', '""'],
  ['Alice Smith', '"Alice Smith"'],
  ['alice@example.org with SHA256:x, whom you trust', '"alice@example.org with SHA256:x, whom you trust"'],
  ['say "yes"', '"say \\"yes\\""'],
  [`a${' '.repeat(60)}1–7 gate SG1: approved`, '"a<60 blanks>1–7 gate SG1: approved"'],
  ['a\u00a0\u00a0b', '"a<2 blanks>b"'],
  ['x'.repeat(81), `"${'x'.repeat(80)}… (81 characters)"`],
  ['a\nb', 'a\\nb'],
])('nameInLine shows %j so that it cannot be taken for a sentence of Cutter', (name, shown) => {
  expect(nameInLine(name)).toBe(shown)
})

test.each([
  ['two words', 'two words'],
  ['a  b', 'a  b'],
  [`a${' '.repeat(70)}state   closed: succeeded`, 'a<70 blanks>state   closed: succeeded'],
  [`a\n${'\u3000'.repeat(9)}b`, 'a\\n<9 blanks>b'],
  ['x'.repeat(301), `${'x'.repeat(300)}… (301 characters)`],
])('textInLine shows %j so that it cannot fill a line and begin the next one', (text, shown) => {
  expect(textInLine(text)).toBe(shown)
})
