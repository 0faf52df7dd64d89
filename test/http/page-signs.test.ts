// cspell:ignore Nguyễ Công Статья слово Άρθρο badexample
import { describe, expect, test } from 'vitest'
import { loadBuiltins, MACHINE_NAMES } from '../../src/builtin/registry.ts'
import { isExplained } from '../../src/http/page/client/phase-words.ts'
import { countOdd, piecesOf } from '../../src/http/page/client/signs.ts'
import { rpIdOf } from '../../src/http/page/passkey/rp-id.ts'
import { faultOfName, signersLine } from '../../src/http/page/passkey/sshsig.ts'

const oddOf = (text: string) =>
  piecesOf(text, { lines: true })
    .filter(({ kind }) => kind !== 'plain')
    .map(({ kind, text: piece }) => [kind, piece])

describe('the page marks what a reader can’t see or would take for something else', () => {
  test.each([
    ['a zero-width space', 're\u200bad', [['hidden', 'U+200B']]],
    ['a change of direction', 'pay \u202eevil', [['hidden', 'U+202E']]],
    ['a blank of another width', 'ten\u00a0days', [['hidden', 'U+00A0']]],
    ['a control character', 'a\u0007b', [['hidden', 'U+0007']]],
    ['a Cyrillic letter in a Latin word', 's\u0456gns of it', [['mixed', 's\u0456gns']]],
    ['a Greek letter in a Latin word', 'r\u03bfot', [['mixed', 'r\u03bfot']]],
    ['what the service has spelled', 'reU+200Bad', [['hidden', 'U+200B']]],
  ])('%s', (_, text, odd) => {
    expect(oddOf(text)).toEqual(odd)
    expect(countOdd(text)).toBe(1)
  })

  test.each([
    'plain words, two\nlines\tand a tab',
    'Điều 1. Công dân',
    'Статья 1 и слово',
    'Άρθρο 1',
    '第一条',
  ])('and leaves %j as it is', (text) => {
    expect(piecesOf(text, { lines: true })).toEqual([{ text, kind: 'plain', note: '' }])
  })

  test('and loses nothing of a text', () => {
    const text = 's\u0456gns, re\u200bad, ten\u00a0days'
    const kept = piecesOf(text).map(({ text: piece }) =>
      piece.replace(/^U\+([0-9A-F]{4})$/, (_, hex) => String.fromCodePoint(Number.parseInt(hex, 16))),
    )
    expect(kept.join('')).toBe(text)
  })
})

describe('the RP id of a page', () => {
  test.each([
    ['localhost', null, 'localhost'],
    ['cutter.example.org', null, 'cutter.example.org'],
    ['cutter.example.org', ['example.org'], 'example.org'],
    ['cutter.example.org', ['example.org', 'cutter.example.org'], 'cutter.example.org'],
    ['badexample.org', ['example.org'], null],
    ['127.0.0.1', null, null],
    ['[::1]', null, null],
  ])('of %s with policy %j is %j', (hostname, rpIds, rpId) => {
    expect(rpIdOf(hostname, rpIds)).toBe(rpId)
  })
})

describe('a name on the way into a line of allowed_signers', () => {
  test.each([
    ['one more person', 'eve@x,approver@demo', ','],
    ['a change of direction', 'eve\u202e@demo', 'U+202E'],
    ['a zero-width space', 'eve\u200b@demo', 'U+200B'],
    ['a filler without a shape', 'eve\u3164@demo', 'U+3164'],
    ['a line end', 'eve@demo\nann@demo', 'U+A'],
    ['a tab', 'eve@demo\tssh-ed25519', 'U+9'],
    ['another blank', 'eve\u00a0@demo', 'U+A0'],
    ['a quote', 'eve" namespaces="*', '"'],
    ['a pattern', '*@demo', '*'],
    ['a pattern of one sign', 'ev?@demo', '?'],
    ['an exception', '!eve@demo', '!'],
    ['a comment', '#eve@demo', '#'],
    ['an escape', 'eve\\@demo', '\\'],
    ['a private sign', 'eve\ue000@demo', 'U+E000'],
  ])('is refused with %s', (_, name, sign) => {
    expect(faultOfName(name)).toContain(
      `can’t have ${sign.replace(/^U\+(.{1,3})$/, (_all, hex) => `U+${hex.padStart(4, '0')}`)};`,
    )
  })

  test.each(['', '  ', 'a'.repeat(201)])('is refused where it is %j', (name) => {
    expect(faultOfName(name)).toContain('1 to 200 characters')
  })

  test.each([
    ['you@example.org', 'you@example.org namespaces="cutter.*" sk AAAA'],
    ['Nguyễn@example.org', 'Nguyễn@example.org namespaces="cutter.*" sk AAAA'],
    ['ann of demo', '"ann of demo" namespaces="cutter.*" sk AAAA'],
  ])('%s is one person', (name, line) => {
    expect([faultOfName(name), signersLine(name, 'sk AAAA')]).toEqual([null, line])
  })
})

test('what every phase of a shipped machine does has plain words', async () => {
  const phases = (await loadBuiltins()).flatMap(({ definition: { name, logic } }) =>
    [...JSON.stringify(logic.config).matchAll(/"src":"(\w+)"/g)].map(([, phase]) => [name, phase!] as const),
  )
  expect(new Set(phases.map(([machine]) => machine)).size).toBe(MACHINE_NAMES.length)
  expect(phases.filter(([machine, phase]) => !isExplained(machine, phase))).toEqual([])
})
