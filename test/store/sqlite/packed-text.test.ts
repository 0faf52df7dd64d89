import { describe, expect, test } from 'vitest'
import { digestBytes, digestText } from '../../../src/store/sqlite/digest-bytes.ts'
import { packText, unpackText } from '../../../src/store/sqlite/packed-text.ts'

/** Packed by the first build that packs. */
const VECTOR = '014336a5185c87c61764e6110c7203032552ec4132b91600'

const TEXTS = [
  '',
  '{}',
  '{"actorId":"step_1","output":{},"ran":"execute","type":"xstate.done.actor.step_1"}',
  '{"note":"Điều 5 · “x” 🜁"}',
  'not JSON \u0000\n',
  'x'.repeat(1_000_000),
]

describe('packText', () => {
  test.each(TEXTS)('gives bytes from which unpackText reads the same text (%#)', (text) => {
    expect(unpackText(packText(text))).toBe(text)
  })

  test('takes less than half of what an event of the engine takes', () => {
    const event = `{"actorId":"step_1","output":{"planDigest":"sha256:${'0'.repeat(64)}"},"ran":"execute","type":"xstate.done.actor.step_1"}`
    expect(packText(event).byteLength).toBeLessThan(event.length / 2)
  })
})

describe('unpackText', () => {
  test('reads bytes that an earlier build packed, so that no store loses its texts', () => {
    const packed = Buffer.from(VECTOR, 'hex')
    expect(unpackText(packed)).toBe(
      '{"actorId":"source_pin","output":{"planDigest":"sha256:00"},"ran":"execute","type":"xstate.done.actor.source_pin"}',
    )
  })

  test('reads a text that is not packed as it is', () => {
    expect(unpackText('{"type":"cutter.start"}')).toBe('{"type":"cutter.start"}')
  })

  test.each([
    ['of another form', '02ff', 'its packed form is not known'],
    ['without content', '', 'its packed form is not known'],
    ['cut off', '01', 'its packed form is damaged'],
    ['damaged', '01ffff', 'its packed form is damaged'],
  ])('refuses bytes %s as JSON refuses a text', (_, hex, message) => {
    const unpack = () => unpackText(Buffer.from(hex, 'hex'))
    expect(unpack).toThrow(SyntaxError)
    expect(unpack).toThrow(message)
  })
})

describe('digestBytes', () => {
  test('keeps a digest as 32 bytes, from which digestText reads it', () => {
    const digest = `sha256:${'0f'.repeat(32)}`
    expect(digestBytes(digest)).toHaveLength(32)
    expect(digestText(digestBytes(digest))).toBe(digest)
  })

  test.each(['', 'd', `sha256:${'0F'.repeat(32)}`, `sha256:${'0'.repeat(63)}`, `sha512:${'0'.repeat(64)}`])(
    'keeps %j, which is no digest, as it is',
    (text) => {
      expect(digestText(digestBytes(text))).toBe(text)
    },
  )
})
