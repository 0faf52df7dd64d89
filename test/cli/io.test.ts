import { afterEach, describe, expect, test, vi } from 'vitest'
import { outJson, processIo } from '../../src/cli/io.ts'
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

describe('outExactly', () => {
  const written = (isTTY: boolean) => {
    const chunks: string[] = []
    const stdout = {
      isTTY,
      write: (chunk: string | Uint8Array) => chunks.push(Buffer.from(chunk as string).toString()),
    }
    vi.stubGlobal('process', { ...process, stdout, stderr: { isTTY } })
    processIo(false, {}, createSecrets()).outExactly(Buffer.from('{"a":"b\u202e\u009b2K"}'))
    return chunks.join('')
  }

  test('outExactly writes the bytes as they are to a pipe', () => {
    expect(written(false)).toBe('{"a":"b\u202e\u009b2K"}')
  })

  test('outExactly spells hidden characters to a terminal', () => {
    expect(written(true)).toBe('{"a":"b\\u{202e}\\u{9b}2K"}')
  })
})

test('outJson writes no character that a terminal obeys, and the same value', () => {
  const chunks: string[] = []
  vi.stubGlobal('process', { ...process, stdout: { write: (chunk: string) => chunks.push(chunk) } })
  const value = { reason: 'a\u001b[2Jb\u009b1A\u2028c\u007f' }
  outJson(value)
  expect(JSON.parse(chunks.join(''))).toEqual(value)
  expect(chunks.join('')).toMatch(/^[\n\x20-\x7e]+$/)
})
