import { describe, expect, test } from 'vitest'
import { shellQuote, shellQuoteBytes } from '../../src/domain/shell-quote.ts'

describe('shell quoting', () => {
  test('shellQuote adds quotes only to a word that needs them', () => {
    expect(['mv', '-T', '/srv/a b', "it's"].map(shellQuote).join(' ')).toBe(`mv -T '/srv/a b' 'it'\\''s'`)
  })

  test('shellQuoteBytes keeps bytes that are not UTF-8 and escapes the quote', () => {
    const bytes = Buffer.from([0xff, 0x27, 0x61])
    const quoted = Buffer.concat([Buffer.from([0x27, 0xff]), Buffer.from("'\\''a'")])
    expect(shellQuoteBytes(bytes)).toEqual(quoted)
  })

  test('shellQuoteBytes refuses a NUL byte', () => {
    expect(() => shellQuoteBytes('a\0b')).toThrow(RangeError)
  })
})
