import { describe, expect, test } from 'vitest'
import { CutterError } from '../../../src/domain/errors.ts'
import { readTargetUrl } from '../../../src/targets/postgres/configured-target.ts'

const read = (url: string) =>
  readTargetUrl('main', { readerUrlEnv: 'READER_URL' }, 'reader', { READER_URL: url })

describe('readTargetUrl', () => {
  test.each([
    'postgresql://reader:h4@rd/x@db/main',
    'postgresql://reader:h4@rd?x@db/main',
    'postgresql://reader:h4@rd#x@db/main',
    'postgresql://reader:h4/rd@db/main',
    'postgresql://rea/der:h4rd@db/main',
    'postgresql://me@corp:12/h4rd@db/main',
    'postgresql://me@corp:h4rd/x@db/main',
  ])(
    'readTargetUrl refuses %s, of which a part of the password would become a host, and shows no part of it',
    (url) => {
      let refused: unknown
      try {
        read(url)
      } catch (error) {
        refused = error
      }
      expect(refused).toBeInstanceOf(CutterError)
      const { message, next } = refused as CutterError
      expect(message).toContain('READER_URL')
      expect(`${message} ${next}`).not.toMatch(/h4|corp|\brea\b/)
    },
  )

  test.each([
    'postgresql://reader:h4rd@db:5432/main',
    'postgresql://me@corp:h4rd@db/main',
    'postgresql://reader@/main?host=/run/postgresql',
    'postgres://reader:100%@db/main',
    '/run/postgresql main',
  ])('readTargetUrl takes %s', (url) => {
    expect(read(url)).toBe(url)
  })
})
