import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Profile, parseProfile } from '../../../src/document/profiles/profile.ts'
import { findShippedProfile, listShippedProfiles } from '../../../src/document/profiles/shipped-profiles.ts'
import { makeSlug } from '../../../src/document/structure/address.ts'
import { parseChineseNumeral } from '../../../src/document/structure/numerals/chinese-numerals.ts'
import { compareNumbers } from '../../../src/document/structure/numerals/compare-numbers.ts'
import { toAsciiDigits } from '../../../src/document/structure/numerals/digits.ts'
import { parseRoman } from '../../../src/document/structure/numerals/roman-numerals.ts'
import { addresses, scanText } from '../scan-fixture.ts'

const level = (name: string, code: string, role: 'container' | 'leaf', headings: string[]) => ({
  ...{ name, code, role, headings, marks: [], title: 'optional' as const },
})

const original: Profile = {
  ...findShippedProfile('plain')!,
  name: 'original',
  levels: [
    level('chapter', 'CH', 'container', ['Chương {n}']),
    level('article', 'DIEU', 'leaf', ['Điều {n}']),
    level('principle', 'NT', 'leaf', ['Nguyên tắc {n}']),
  ],
  leaves: ['article', 'principle'],
  statusMarks: [{ words: ['draft'], status: 'draft', excludedBecause: 'still a draft' }],
}

describe('buildAddress', () => {
  test('an address has the codes of the profile, for several kinds of unit in one text', () => {
    const text = 'Chương I\nĐiều 28\nNguyên tắc 1\nĐiều 29 (draft)\n'
    expect(addresses(text, original)).toEqual(['DOC/DIEU-28', 'DOC/NT-1', 'DOC/DIEU-29'])
    expect(scanText(text, original).records.at(-1)).toMatchObject({
      kind: 'excluded',
      status: 'draft',
      reason: 'still a draft: draft',
    })
  })

  test('an address holds its container if the profile says so, so that numbers may restart', () => {
    const profile = { ...original, address: '{document}/{container}/{code}-{number}' }
    const text = 'Điều 0\nCửa.\nChương I\nĐiều 1\nCửa.\nChương II\nĐiều 1\nCửa.\n'
    const result = scanText(text, profile)
    expect(addresses(text, profile)).toEqual(['DOC/DIEU-0', 'DOC/CH-1/DIEU-1', 'DOC/CH-2/DIEU-1'])
    expect(result.problems).toEqual([])
  })

  test.each([
    ['markdown-nested', '# '],
    ['plain-nested', ''],
  ])('profile %s gives different addresses to sections that restart in each part', (profile, sign) => {
    const part = (n: string) =>
      [`Part ${n}`, 'Chapter 1', 'Section 1. Title', 'Section 2. Title'].map((line) => `${sign}${line}\n\n`)
    const result = scanText([...part('I'), ...part('II')].join(''), profile)
    expect(result.records.filter(({ kind }) => kind === 'unit').map(({ address }) => address)).toEqual([
      ...['DOC/PART-1/CHAPTER-1/SECTION-1', 'DOC/PART-1/CHAPTER-1/SECTION-2'],
      ...['DOC/PART-2/CHAPTER-1/SECTION-1', 'DOC/PART-2/CHAPTER-1/SECTION-2'],
    ])
    expect(result.problems).toEqual([])
  })

  test.each([
    ['PREAMBULE', 'PREAMBULE'],
    ['Präambel & Würde', 'PRAAMBEL-WURDE'],
    ['Lời nói đầu', 'LOI-NOI-DAU'],
    ['Straße', 'STRASSE'],
    ['Преамбула', 'H-'],
    ['***', 'H-'],
  ])('makeSlug turns %s into %s', (words, slug) => {
    expect(makeSlug(words).startsWith(slug)).toBe(true)
    expect(makeSlug(words)).toBe(makeSlug(words.normalize('NFD')))
    if (slug === 'H-') expect(makeSlug(words)).toMatch(/^H-[0-9A-F]{8}$/)
    else expect(makeSlug(words)).toBe(slug)
  })

  test('makeSlug gives every text a bounded length and only characters of addresses', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (words) => {
        expect(makeSlug(words)).toMatch(/^[A-Z0-9-]{1,60}$/)
      }),
    )
  })

  test('makeSlug gives different slugs to long headings with the same beginning', () => {
    expect(makeSlug(`${'a '.repeat(50)}x`)).not.toBe(makeSlug(`${'a '.repeat(50)}y`))
  })
})

describe('numerals', () => {
  test('toAsciiDigits reads the digits of every script', () => {
    expect([
      toAsciiDigits('٠١٩'),
      toAsciiDigits('१२'),
      toAsciiDigits('５'),
      toAsciiDigits('𝟗𝟘'),
      toAsciiDigits('𞥒'),
    ]).toEqual(['019', '12', '5', '90', '2'])
  })

  test('parseRoman reads Roman numerals in their usual form only', () => {
    expect(['IV', 'XCIX', 'mcmlxxxiv', 'IIX', 'CIVIC', ''].map(parseRoman)).toEqual([
      4,
      99,
      1984,
      null,
      null,
      null,
    ])
  })

  test('parseChineseNumeral reads numerals with units and as digits', () => {
    expect(
      ['五', '十', '二十一', '百二十', '一百零五', '一二〇', '千', '甲'].map(parseChineseNumeral),
    ).toEqual([5, 10, 21, 120, 105, 120, 1000, null])
  })

  test('compareNumbers sorts numbers part by part', () => {
    const sorted = ['5', '12', '12A', '12B', '12Z', '12AA', '88-1', '88-2', '88-10']
    expect(sorted.toReversed().sort(compareNumbers)).toEqual(sorted)
  })
})

describe('parseProfile', () => {
  test.each(listShippedProfiles())('profile %s that ships is valid and plain JSON', (name) => {
    const profile = findShippedProfile(name)!
    expect(parseProfile(JSON.parse(JSON.stringify(profile)))).toEqual(profile)
  })

  test('parseProfile refuses a profile that is not valid and names the field', () => {
    expect(() => parseProfile({ ...original, address: 'x' })).toThrow('an address template holds {number}')
    expect(() => parseProfile({ ...original, leaves: ['artikel'] })).toThrow('artikel')
    expect(() => parseProfile({ ...original, pattern: '(a+)+' })).toThrow('pattern')
  })
})
