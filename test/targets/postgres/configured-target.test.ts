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
    'host=/run/postgresql dbname=main',
    'postgresql://reader@one,two:5433/main?target_session_attrs=primary',
    "host=db user=reader password='a b'",
  ])('readTargetUrl takes %s', (url) => {
    expect(read(url)).toBe(url)
  })

  test.each([
    ['db', 'does not hold a postgresql:// URL', 'host='],
    ['postgresql://reader@db/main?sslmode=on', 'has a sslmode that libpq does not know', 'verify-full'],
    ['postgresql://reader@db/main?sslmode=verify-ca', 'names no certificate of the authority', 'sslrootcert'],
    ['postgresql://reader@db/main?sslrootcert=/nowhere', 'names a file for sslrootcert', 'sslrootcert'],
    ['service=main', 'has the parameter service', 'host, port, database'],
    ['postgresql://reader@db/main?encryption=require', 'has a parameter that libpq does not know', 'sslmode'],
    ['postgresql://reader@a,b,c:1,d:2/main?port=1,2', 'has not as many ports as hosts', 'one for each'],
    ['postgresql://reader@db:70000/main', 'has a port that is no number', 'postgresql://'],
    [
      'host=db user=reader target_session_attrs=main',
      'has a target_session_attrs that libpq does not know',
      'primary',
    ],
  ])('readTargetUrl refuses %s and says what to write', (url, why, next) => {
    expect(() => read(url)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(why), next: expect.stringContaining(next) }),
    )
  })
})
