import { describe, expect, test } from 'vitest'
import { parseDuration } from '../../src/service/duration.ts'

describe('parseDuration', () => {
  test.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ])('reads %s as %i ms', (text, ms) => {
    expect(parseDuration(text, '--for', 7)).toBe(ms)
  })

  test.each(['', '2', 'h', '0m', '-1h', '1.5h', '3w', '2 h', '8d', '9999999s'])(
    'refuses %j with the option and the longest duration',
    (text) => {
      const parse = () => parseDuration(text, '--for', 7)
      expect(parse).toThrow(expect.objectContaining({ code: 'USAGE', next: expect.stringContaining('7d') }))
      expect(parse).toThrow(`--for ${text} is not a valid duration`)
    },
  )
})
