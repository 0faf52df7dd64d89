import { describe, expect, test } from 'vitest'
import { countPeople } from '../../src/approvals/count-people.ts'
import { findSamePeople } from '../../src/approvals/same-person.ts'

const key = (letter: string) => `ssh-ed25519 AAAA${letter.repeat(60)}`
const signed = (principal: string, fingerprint: string) => ({ principal, fingerprint, keyType: 'ED25519' })

describe('findSamePeople', () => {
  const same = findSamePeople(
    [
      `alice@example.org ${key('a')}`,
      `Alice@example.org namespaces="cutter.*" ${key('b')}`,
      `carol@example.org,c.second@example.org ${key('a')} laptop`,
      `bob@example.org ${key('d')}`,
      `*@example.org ${key('d')}`,
      `!bob@example.org,dave@example.org ${key('e')}`,
    ].join('\n'),
  )

  test('names that share a key are one person, however long the chain', () => {
    expect(same('alice@example.org', 'carol@example.org')).toBe(true)
    expect(same('c.second@example.org', 'ALICE@example.org')).toBe(true)
  })

  test('a pattern and an excluded name make nobody one person', () => {
    expect(same('alice@example.org', 'bob@example.org')).toBe(false)
    expect(same('bob@example.org', 'dave@example.org')).toBe(false)
    expect(same('somebody', 'nobody')).toBe(false)
    expect(same('somebody', 'Somebody ')).toBe(true)
  })

  test('a second key under a second name belongs to the same person', () => {
    const two = [signed('alice@example.org', 'SHA256:b'), signed('carol@example.org', 'SHA256:a')]
    expect(countPeople(two, same)).toBe(1)
    expect(countPeople([...two, signed('bob@example.org', 'SHA256:d')], same)).toBe(2)
    expect(countPeople(two)).toBe(2)
  })

  test.each([
    ['a byte order mark', '\ufeff'],
    ['a no-break blank', '\u00a0'],
  ])('findSamePeople knows the person of a line that begins with %s', (_, sign) => {
    const lines = [`${sign}deploybot ${key('a')}`, `oscar@example.org namespaces="cutter.*" ${key('a')}`]
    expect(findSamePeople(lines.join('\n'))('deploybot', 'oscar@example.org')).toBe(true)
  })

  test('findSamePeople reads lines that end as on Windows', () => {
    const lines = [`alice@example.org ${key('a')}`, `carol@example.org ${key('a')}`, '']
    expect(findSamePeople(lines.join('\r\n'))('alice@example.org', 'carol@example.org')).toBe(true)
  })
})
