import { afterEach, expect, test, vi } from 'vitest'
import { processIo } from '../../src/cli/io.ts'

/** Who watches, and in colour: progress and colours are for terminals. */

afterEach(() => vi.unstubAllGlobals())

function ioWith(terminals: { stdout: boolean; stderr: boolean }, json: boolean, env: NodeJS.ProcessEnv) {
  const streams = { stdout: { isTTY: terminals.stdout }, stderr: { isTTY: terminals.stderr } }
  vi.stubGlobal('process', { ...process, ...streams })
  const { watched, color } = processIo(json, env)
  return { watched, color }
}

const both = { stdout: true, stderr: true }
const TERM = 'xterm-256color'

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
])('%s', (_, given, expected) => {
  expect(ioWith(...given)).toEqual(expected)
})
