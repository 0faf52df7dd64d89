import { describe, expect, test } from 'vitest'
import { assertReason } from '../../src/service/reason.ts'

describe('assertReason', () => {
  test('returns a reason that has words', () => {
    expect(assertReason('wrong file')).toBe('wrong file')
  })

  test('takes 1,000 characters and refuses more, which the message counts', () => {
    expect(assertReason('x'.repeat(1_000))).toHaveLength(1_000)
    const message = expect.stringContaining('has 1001 characters')
    expect(() => assertReason('x'.repeat(1_001))).toThrow(expect.objectContaining({ code: 'USAGE', message }))
  })

  test.each(['', ' ', '\t\n'])('refuses the blank reason %j', (reason) => {
    expect(() => assertReason(reason)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})
