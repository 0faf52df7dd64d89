import { describe, expect, test } from 'vitest'
import { renderLine } from '../../src/cli/line.ts'

describe('renderLine', () => {
  const red = '\u001b[31mgone\u001b[39m\n'

  test('renderLine keeps Cutter’s own colours and no code of a text, also where they are the same', () => {
    const line = ['by ', { text: red, style: 'removed' as const }]
    expect(renderLine(line, true)).toBe('by \u001b[31m\\u{1b}[31mgone\\u{1b}[39m\\n\u001b[39m')
    expect(renderLine(line, false)).toBe('by [-\\u{1b}[31mgone\\u{1b}[39m\\n-]')
  })

  test('renderLine makes one line of a text with line ends', () => {
    expect(renderLine('closed: a\nstate b\r\nc\u2028d', true)).toBe('closed: a\\nstate b\\r\\nc\\u{2028}d')
  })
})
