import { Writable } from 'node:stream'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ioOf, outJson } from '../../src/cli/io.ts'
import { renderLine } from '../../src/cli/line.ts'
import { inPlace, type Place } from '../../src/cli/place.ts'
import { showProgress } from '../../src/cli/progress.ts'
import { allowsColor } from '../../src/client/terminal.ts'
import type { HistoryEntry } from '../../src/domain/history-entry.ts'
import type { Run } from '../../src/domain/run.ts'
import { createSecrets } from '../../src/service/redact.ts'

/** Progress and colours are shown on terminals only. */

/** A place whose stdout keeps what is written. */
function aPlace({ stdout, stderr }: { stdout: boolean; stderr: boolean }, color = true) {
  const chunks: Buffer[] = []
  const writable = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk)
      done()
    },
  })
  const place: Place = {
    stdout: { writable, isTerminal: stdout, columns: undefined },
    stderr: { writable, isTerminal: stderr, columns: undefined },
    color,
    exit() {},
    command: '',
    served: null,
  }
  return { place, written: () => Buffer.concat(chunks).toString() }
}

function ioWith(terminals: { stdout: boolean; stderr: boolean }, json: boolean, allowed = true) {
  const { watched, color } = ioOf(aPlace(terminals, allowed).place, json, createSecrets())
  return { watched, color }
}

const both = { stdout: true, stderr: true }

describe('ioOf', () => {
  test.each<[string, Parameters<typeof ioWith>, ReturnType<typeof ioWith>]>([
    ['on a terminal', [both, false], { watched: true, color: true }],
    ['where colours are not wanted', [both, false, false], { watched: true, color: false }],
    ['piped', [{ stdout: false, stderr: true }, false], { watched: false, color: false }],
    ['with its errors in a file', [{ stdout: true, stderr: false }, false], { watched: false, color: false }],
    ['for JSON', [both, true], { watched: false, color: false }],
  ])('watches and colours %s', (_, given, expected) => {
    expect(ioWith(...given)).toEqual(expected)
  })
})

describe('live', () => {
  const written = (terminals: { stdout: boolean; stderr: boolean }) => {
    const { place, written } = aPlace(terminals)
    const io = ioOf(place, false, createSecrets())
    io.live('apply, 3s\u001b[2J')
    io.out('done')
    io.live(null)
    return written()
  }

  test('live shows a line that the next output replaces', () => {
    const line = 'apply, 3s\\u{1b}[2J'
    expect(written(both)).toBe(`${line}\r${' '.repeat(line.length)}\rdone\n`)
  })

  test('live shows nothing where nobody watches a terminal', () => {
    expect(written({ stdout: false, stderr: true })).toBe('done\n')
  })
})

describe('showProgress', () => {
  afterEach(() => void vi.useRealTimers())

  test('showProgress names phase, time and step of long work, and what it counts', () => {
    vi.useFakeTimers()
    const lines: (string | null)[] = []
    const progress = showProgress({
      err: (line) => void lines.push(renderLine(line, false)),
      live: (text) => void lines.push(text),
    })
    progress.onStep({ phase: 'apply', state: 'PLANNED' } as Run, { seq: 4 } as HistoryEntry)
    vi.advanceTimersByTime(2_000)
    progress.onProgress({} as Run, 'sends 3 of 9 files')
    vi.advanceTimersByTime(1_000)
    progress.onStep({ phase: null, state: 'DONE' } as Run, { seq: 5 } as HistoryEntry)
    vi.advanceTimersByTime(9_000)
    progress.done()
    expect(lines).toEqual([
      '  4  PLANNED  → apply',
      '     apply, 2.0s, step 5',
      '     sends 3 of 9 files',
      '     apply, 3.0s, step 5: sends 3 of 9 files',
      '  5  DONE',
      null,
    ])
  })
})

describe('outExactly', () => {
  const written = async (isTerminal: boolean) => {
    const { place, written } = aPlace({ stdout: isTerminal, stderr: isTerminal })
    await inPlace(place, async () =>
      ioOf(place, false, createSecrets()).outExactly(Buffer.from('{"a":"b\u202e\u009b2K"}')),
    )
    return written()
  }

  test('outExactly writes the bytes as they are to a pipe', async () => {
    expect(await written(false)).toBe('{"a":"b\u202e\u009b2K"}')
  })

  test('outExactly spells hidden characters to a terminal', async () => {
    expect(await written(true)).toBe('{"a":"b\\u{202e}\\u{9b}2K"}')
  })
})

test('outJson writes no character that a terminal obeys, and the same value', async () => {
  const { place, written } = aPlace({ stdout: true, stderr: true })
  const value = { reason: 'a\u001b[2Jb\u009b1A\u2028c\u007f' }
  await inPlace(place, async () => outJson(value))
  expect(JSON.parse(written())).toEqual(value)
  expect(written()).toMatch(/^[\n\x20-\x7e]+$/)
})

describe('where colours are not wanted', () => {
  test.each([
    ['NO_COLOR', { NO_COLOR: '1', TERM: 'xterm' }, false],
    ['an empty NO_COLOR', { NO_COLOR: '', TERM: 'xterm' }, true],
    ['a dumb terminal', { TERM: 'dumb' }, false],
    ['any other terminal', { TERM: 'xterm-256color' }, true],
  ])('%s decides', (_, env, allowed) => expect(allowsColor(env)).toBe(allowed))
})
