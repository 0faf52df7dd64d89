import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { listUnits, type Scan, scanDocument } from '../../src/document/scan.ts'

const folder = join(import.meta.dirname, '../../../shared/documents')
const missing = !existsSync(folder)
if (missing) console.log('skipped "real governing texts": ../shared/documents is not there')

function scanned(file: string): { result: Scan; bytes: Buffer } {
  const bytes = readFileSync(join(folder, file))
  return { result: scanDocument(bytes, { document: 'DOC' }), bytes }
}

const ofKind = (result: Scan, kind: string) => result.records.filter((record) => record.kind === kind)
const unsafe = (result: Scan) => result.problems.filter(({ severity }) => severity === 'stops')

describe.skipIf(missing)('scanDocument on real governing texts', () => {
  test('the Vietnamese constitution has 11 chapters and 120 articles, decomposed headings included', () => {
    const { result } = scanned('vi-constitution-2013.txt')
    expect(result.profile).toBe('plain')
    expect(ofKind(result, 'container').map(({ address }) => address)).toEqual(
      Array.from({ length: 11 }, (_, i) => `DOC/CHAPTER-${i + 1}`),
    )
    expect(listUnits(result).map(({ address }) => address)).toEqual([
      'DOC/PREAMBLE',
      ...Array.from({ length: 120 }, (_, i) => `DOC/ARTICLE-${i + 1}`),
    ])
    const decomposed = result.problems.filter(({ code }) => code === 'MIXED_NORMALISATION')
    expect(decomposed.filter(({ message }) => message.startsWith('the heading'))).toHaveLength(7)
    expect(decomposed).toHaveLength(8)
    expect(result.problems.map(({ code }) => code)).toContain('NO_FINAL_NEWLINE')
    expect(unsafe(result)).toEqual([])
  })

  test.each(['de-grundgesetz-a-2010-07.md', 'de-grundgesetz-b-2012-07.md'])(
    '%s has 195 articles, one annex and one article that is repealed in place',
    (file) => {
      const { result } = scanned(file)
      const units = listUnits(result)
      expect(units.filter(({ level }) => level === 'article')).toHaveLength(195)
      expect(units.filter(({ level }) => level === 'annex').map(({ address }) => address)).toEqual([
        'DOC/ANNEX-EV',
      ])
      expect(ofKind(result, 'excluded')).toMatchObject([
        {
          address: 'DOC/ARTICLE-74A_75',
          status: 'repealed',
          reason: 'repealed in place: weggefallen',
          heading: '(XXXX) Art 74a und 75 (weggefallen)',
        },
      ])
      expect(ofKind(result, 'container').map(({ number }) => number)).toEqual([
        ...['1', '2', '3', '4', '4A', '5', '6', '7', '8', '8A', '9', '10', '10A', '11'],
      ])
      expect(units.slice(0, 2).map(({ address }) => address)).toEqual(['DOC/FORMULA', 'DOC/PREAMBLE'])
      expect(unsafe(result)).toEqual([])
    },
  )

  test('the two German versions differ in the text of article 93 only', () => {
    const [a, b] = ['de-grundgesetz-a-2010-07.md', 'de-grundgesetz-b-2012-07.md'].map((file) =>
      listUnits(scanned(file).result),
    )
    const before = new Map(a!.map(({ address, sha256 }) => [address, sha256]))
    expect(
      b!.filter(({ address, sha256 }) => before.get(address) !== sha256).map(({ address }) => address),
    ).toEqual(['DOC/ARTICLE-93'])
  })

  test('the American constitution has a preamble and seven articles, with run-in sections inside of them', () => {
    const { result, bytes } = scanned('en-us-constitution-1787.md')
    const units = listUnits(result)
    expect(units.map(({ address }) => address)).toEqual([
      'DOC/PREAMBLE',
      ...[1, 2, 3, 4, 5, 6, 7].map((number) => `DOC/ARTICLE-${number}`),
    ])
    const text = ({ start, end }: (typeof units)[number]) => bytes.subarray(start, end).toString()
    expect(text(units[0]!)).toMatch(/^\*\*We the People/)
    expect(text(units[1]!)).toContain('**Section. 10.**')
  })

  test.each([
    ['fr-constitution-1958-a-2009-03-01.md', 112, ['88-1', '88-2', '88-3', '88-4', '88-5']],
    ['fr-constitution-1958-b-2009-12-01.md', 115, ['88-1', '88-2', '88-3', '88-4', '88-5', '88-6']],
  ])('%s has collisions of articles that occur twice, and nothing is merged', (file, units, twice) => {
    const { result, bytes } = scanned(file)
    expect(listUnits(result)).toHaveLength(units)
    const lines = bytes.toString().split('\n')
    const places = twice.map((number) =>
      lines.flatMap((line, i) => (line === `##### Article ${number}` ? [i + 1] : [])),
    )
    expect(unsafe(result).map(({ code, message }) => ({ code, message }))).toEqual(
      twice.map((number, i) => ({
        code: 'ADDRESS_COLLISION',
        message: `address DOC/ARTICLE-${number} stands twice: line ${places[i]![0]} ("Article ${number}") and line ${places[i]![1]} ("Article ${number}")`,
      })),
    )
    expect(listUnits(result)[0]).toMatchObject({ address: 'DOC/ARTICLE-PREAMBULE', number: null })
  })

  test.each([
    ...['vi-constitution-2013.txt', 'de-grundgesetz-a-2010-07.md', 'en-us-constitution-1787.md'],
    ...['fr-constitution-1958-a-2009-03-01.md', 'fr-constitution-1958-b-2009-12-01.md'],
  ])('%s is completely covered by its records', (file) => {
    const { result, bytes } = scanned(file)
    expect(result.coverage).toEqual({ complete: true, gaps: [], overlaps: [] })
    expect(
      Buffer.concat(result.records.map(({ start, end }) => bytes.subarray(start, end))).equals(bytes),
    ).toBe(true)
  })
})
