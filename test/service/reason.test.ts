import { describe, expect, test } from 'vitest'
import { assertReason } from '../../src/service/reason.ts'

describe('assertReason', () => {
  test('returns a reason that has words', () => {
    expect(assertReason('wrong file')).toBe('wrong file')
  })

  test.each(['', ' ', '\t\n'])('refuses the blank reason %j', (reason) => {
    expect(() => assertReason(reason)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})
