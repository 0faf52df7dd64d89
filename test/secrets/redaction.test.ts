import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSecretRegistry } from '../../src/secrets/redaction.ts'

const knowing = (url: string) => {
  const secrets = createSecretRegistry()
  secrets.add('READER_URL', url)
  return secrets
}

describe('a secret registry', () => {
  test('redacts a complete URL, and its password as written and as decoded', () => {
    const url = 'postgresql://reader:p%C3%A4ss%2Fw%40rd@db.example.org:5432/main?sslmode=require'
    const secrets = knowing(url)
    expect(secrets.redactText(`can't use ${url}!`)).toBe("can't use [redacted]!")
    expect(secrets.redactText('it was päss/w@rd or p%C3%A4ss%2Fw%40rd')).toBe(
      'it was [redacted] or [redacted]',
    )
    expect(secrets.redactText('reader at db.example.org:5432/main')).toBe(
      'reader at db.example.org:5432/main',
    )
  })

  test('redacts everything between the first colon and the last @ of a wrong URL', () => {
    const secrets = knowing('postgresql://reader:12/h4#rd@db/main')
    expect(secrets.redactText('reader:12/h4#rd@db/main: ENOTFOUND')).not.toContain('h4')
    expect(knowing('postgresql://db/main?user=x&password=s3cret%21x').redactText('no s3cret!x')).toBe(
      'no [redacted]',
    )
    expect(
      knowing("host=db password='it''s 3' dbname=x").redactText("host=db password='it''s 3' dbname=x"),
    ).not.toContain('it')
  })

  test.each(
    ['@', '/', '?', '#', ':'].flatMap((sign) => [
      [`postgresql://reader:first7${sign}second7@db/main`],
      [`postgresql://rea${sign}der:first7${sign}second7@db/main`],
      [`https://reader:first7${sign}second7${sign}@db/main`],
    ]),
  )('redacts each part of the password of %s, which no parser reads as it is meant', (url) => {
    const clean = knowing(url).redactText('ENOTFOUND first7, no database "second7", bad port first7: second7')
    expect(clean).toBe('ENOTFOUND [redacted], no database "[redacted]", bad port [redacted]: [redacted]')
  })

  test('redacts a secret in every form that a log, an error or a statement gives it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme' }), (random) => {
        const password = `7-${random}`
        const secrets = knowing(`postgresql://reader:${encodeURIComponent(password)}@db/main`)
        const texts = [
          `wrong: ${password}.`,
          JSON.stringify({ at: password }),
          `set password '${password.replaceAll("'", "''")}'`,
          `GET /?x=${encodeURIComponent(password)}`,
        ]
        for (const text of texts) {
          const clean = secrets.redactText(text)
          for (const form of [password, encodeURIComponent(password), JSON.stringify(password).slice(1, -1)])
            expect(clean).not.toContain(form)
        }
        expect(JSON.stringify(secrets.redactWords({ a: [{ [password]: password }] }))).toBe(
          '{"a":[{"[redacted]":"[redacted]"}]}',
        )
        expect(secrets.findNameIn(Buffer.from(`x${password}y`))).toBe('READER_URL')
      }),
    )
  })

  test('keeps a common word in facts, inside other words, and where the URL contains it openly', () => {
    const secrets = knowing('postgresql://reader:draft@db/main')
    expect(secrets.redactText('login with draft failed; drafts stay')).toBe(
      'login with [redacted] failed; drafts stay',
    )
    expect(secrets.redactFacts({ status: 'draft' })).toEqual({ status: 'draft' })
    expect(secrets.findNameIn('a draft')).toBe(null)
    expect(knowing('postgresql://main:main@db/main').redactText('database main')).toBe('database main')
    const digest = `sha256:${'12345678'.repeat(8)}`
    expect(knowing('postgresql://reader:12345678@db/main').redactText(digest)).toBe(digest)
  })

  test('ignores an empty secret', () => {
    const secrets = createSecretRegistry()
    secrets.add('EMPTY', '')
    secrets.add('BLANK', '  ')
    secrets.add('SHORT', 'abc')
    expect(secrets.redactText('abc')).toBe('abc')
    expect(secrets.findNameIn('abc')).toBe(null)
  })
})

test('redactWords redacts the complete value of a key that names a secret', () => {
  const given = { err: { client: { password: { salt: 1 } }, code: '28P01', tokens: 3, dsn: null } }
  expect(createSecretRegistry().redactWords(given)).toEqual({
    err: { client: { password: '[redacted]' }, code: '28P01', tokens: 3, dsn: null },
  })
})
