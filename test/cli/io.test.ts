import { afterEach, describe, expect, test, vi } from 'vitest'
import { escapeControls, processIo } from '../../src/cli/io.ts'
import { createSecrets } from '../../src/service/redact.ts'

/** Progress and colours are shown on terminals only. */

afterEach(() => vi.unstubAllGlobals())

function ioWith(terminals: { stdout: boolean; stderr: boolean }, json: boolean, env: NodeJS.ProcessEnv) {
  const streams = { stdout: { isTTY: terminals.stdout }, stderr: { isTTY: terminals.stderr } }
  vi.stubGlobal('process', { ...process, ...streams })
  const { watched, color } = processIo(json, env, createSecrets())
  return { watched, color }
}

const both = { stdout: true, stderr: true }
const TERM = 'xterm-256color'

describe('processIo', () => {
  test.each<[string, Parameters<typeof ioWith>, ReturnType<typeof ioWith>]>([
    ['on a terminal', [both, false, { TERM }], { watched: true, color: true }],
    ['with NO_COLOR', [both, false, { TERM, NO_COLOR: '1' }], { watched: true, color: false }],
    ['with an empty NO_COLOR', [both, false, { TERM, NO_COLOR: '' }], { watched: true, color: true }],
    ['on a dumb terminal', [both, false, { TERM: 'dumb' }], { watched: true, color: false }],
    ['piped', [{ stdout: false, stderr: true }, false, { TERM }], { watched: false, color: false }],
    [
      'with its errors in a file',
      [{ stdout: true, stderr: false }, false, { TERM }],
      { watched: false, color: false },
    ],
    ['for JSON', [both, true, { TERM }], { watched: false, color: false }],
  ])('watches and colours %s', (_, given, expected) => {
    expect(ioWith(...given)).toEqual(expected)
  })
})

describe('escapeControls', () => {
  test.each([
    ['a sequence that moves the cursor', 'by ali\u001b[2K\rroot', 'by ali\\u{1b}[2K\\u{d}root'],
    ['characters that begin a line', 'a\u2028b\u0085c\u009b1A', 'a\\u{2028}b\\u{85}c\\u{9b}1A'],
    ['characters that reverse text', 'a\u202egro\u2066.b', 'a\\u{202e}gro\\u{2066}.b'],
    ['a sequence that hides text', '\u001b[8mhidden\u001b[0m', '\\u{1b}[8mhidden\\u{1b}[0m'],
    ['nothing in ordinary text', 'Điều 5.\tđỏ\nمادة ١', 'Điều 5.\tđỏ\nمادة ١'],
  ])('escapeControls escapes %s', (_, text, escaped) => {
    expect(escapeControls(text, false)).toBe(escaped)
    expect(escapeControls(text, true)).toBe(escaped)
  })

  test('escapeControls keeps Cutter’s own colours only on a terminal with colours', () => {
    const red = '\u001b[31mgone\u001b[39m'
    expect(escapeControls(red, true)).toBe(red)
    expect(escapeControls(red, false)).toBe('\\u{1b}[31mgone\\u{1b}[39m')
  })
})
