import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, digestOf, digestOfBytes, sha256 } from '../../src/domain/json.ts'

describe('canonical JSON', () => {
  test('sorts keys by UTF-16 code units, at every depth, and leaves arrays as they are', () => {
    const value = {
      b: [3, 1, { z: 1, a: 2 }],
      a: null,
      10: true,
      9: false,
      é: 1,
      '\u{1f600}': 2,
      '\ufb33': 3,
      Z: 4,
    }
    expect(canonicalJson(value)).toBe(
      '{"10":true,"9":false,"Z":4,"a":null,"b":[3,1,{"a":2,"z":1}],"é":1,"\u{1f600}":2,"\ufb33":3}',
    )
  })

  // The numbers of RFC 8785, appendix B, that JSON can hold.
  test.each([
    [0, '0'],
    [-0, '0'],
    [5e-324, '5e-324'],
    [-5e-324, '-5e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [9007199254740992, '9007199254740992'],
    [295147905179352830000, '295147905179352830000'],
    [9.999999999999997e22, '9.999999999999997e+22'],
    [1e23, '1e+23'],
    [0.000001, '0.000001'],
    [1e-7, '1e-7'],
    [333333333.33333325, '333333333.33333325'],
  ])('writes the number %d as %s', (number, text) => {
    expect(canonicalJson(number)).toBe(text)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %d', (number) => {
    for (const value of [{ deep: [number] }, { b: 1, a: [number] }, { 10: 1, 9: 2, a: { 2: [number] } }])
      expect(() => canonicalJson(value)).toThrow(TypeError)
  })

  test('omits undefined fields of an object, and keeps their places in an array', () => {
    expect(canonicalJson({ a: undefined, b: [undefined, 1] })).toBe('{"b":[null,1]}')
  })

  test('can be parsed to the same value, and does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), oddKeys), (value) => {
        const text = canonicalJson(value)
        const again = JSON.parse(text)
        expect(again).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(reversed(again))).toBe(text)
      }),
    )
  })
})

/** Keys that objects put first, or take for something else. */
const oddKeys = fc.object({
  key: fc.constantFrom('9', '10', '-1', '', 'Z', 'a', '__proto__', 'toJSON', 'constructor'),
  values: [fc.string(), fc.integer()],
})

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).reverse()
  return Object.fromEntries(entries.map(([key, inner]) => [key, reversed(inner)]))
}

describe('digests', () => {
  const known = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

  test('are the SHA-256 of bytes, or of the UTF-8 form of a text', () => {
    expect(sha256('abc')).toBe(known)
    expect(digestOfBytes(Buffer.from('abc'))).toBe(`sha256:${known}`)
    expect(sha256('Điều')).toBe(createHash('sha256').update(Buffer.from('Điều', 'utf8')).digest('hex'))
  })

  test('of values don’t depend on the order of their keys', () => {
    expect(digestOf({ a: 1, b: 2 })).toBe(digestOf({ b: 2, a: 1 }))
    expect(digestOf({ a: 1, b: 2 })).toBe(digestOfBytes('{"a":1,"b":2}'))
    expect(digestOf({ a: 1, b: 3 })).not.toBe(digestOf({ a: 1, b: 2 }))
  })
})
