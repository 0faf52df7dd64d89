import { describe, expect, test } from 'vitest'
import { cleanName, foldName, isSameName } from '../../src/domain/person-names.ts'

describe('isSameName', () => {
  test.each([
    ['alice@example.org', 'Alice@Example.org'],
    ['alice', ' alice\n'],
    ['alice smith', 'alice\u00a0\u2003smith'],
    ['alice', 'al\u200bice'],
    ['alice', '\u202aalice\u202c'],
    ['alice', 'ali\u00adce'],
    ['alice', 'alice\ufe0f'],
    ['alice', '\uff41\uff4c\uff49\uff43\uff45'],
    ['jos\u00e9', 'jose\u0301'],
    ['strasse', 'stra\u00dfe'],
    ['\u212aate', 'kate'],
    ['\ufb01nn', 'finn'],
  ])('%j and %j are one name', (one, other) => {
    expect(isSameName(one, other)).toBe(true)
    expect(foldName(foldName(one))).toBe(foldName(other))
  })

  test.each([
    ['alice', 'alicia'],
    ['alice', 'a lice'],
    ['jose', 'jos\u00e9'],
    ['alice', '\u0430lice'],
  ])('%j and %j are two names', (one, other) => {
    expect(isSameName(one, other)).toBe(false)
  })
})

test('cleanName keeps case', () => {
  expect(cleanName('\u2067 Deploy  Bot\u2069')).toBe('Deploy Bot')
})
