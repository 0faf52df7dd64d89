import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Change } from '../../../src/document/diff/change.ts'
import { diffDocuments } from '../../../src/document/diff/diff-documents.ts'
import { scanDocument } from '../../../src/document/scan.ts'
import { articles, sentences } from '../../support/articles.ts'

const text = (source: string | Uint8Array) => {
  const bytes = typeof source === 'string' ? new TextEncoder().encode(source) : source
  return { bytes, scan: scanDocument(bytes, { document: 'D' }) }
}
const diff = (before: string, after: string) => diffDocuments(text(before), text(after))

const changeLines = (changes: Change[]) =>
  changes
    .filter(({ change }) => change !== 'unchanged')
    .map(
      ({ change, address, newAddress }) =>
        `${change} ${address.slice(10)} → ${newAddress?.slice(10) ?? 'gone'}`,
    )

describe('diffDocuments', () => {
  test('diffDocuments reports units as unchanged when the texts are the same', () => {
    const source = articles(['1', sentences(1)], ['2', sentences(2)])
    const { changes, other } = diff(source, source)
    expect(changes.map(({ change }) => change)).toEqual(['unchanged', 'unchanged'])
    expect(other).toEqual([])
  })

  test('diffDocuments tells amended, added and repealed units apart', () => {
    const before = articles(['1', sentences(1)], ['2', sentences(2)], ['3', sentences(3)])
    const after = articles(['1', sentences(1)], ['2', `${sentences(2)}\nAnd more.`], ['4', sentences(4)])
    expect(changeLines(diff(before, after).changes)).toEqual([
      'amended 2 → 2',
      'added 4 → 4',
      'repealed 3 → gone',
    ])
  })

  test('diffDocuments reports units as renumbered when an article is inserted before them', () => {
    const before = articles(['1', sentences(1)], ['2', sentences(2)], ['3', sentences(3)])
    const after = articles(['1', sentences(1)], ['2', sentences(9)], ['3', sentences(2)], ['4', sentences(3)])
    expect(changeLines(diff(before, after).changes)).toEqual([
      'added 2 → 2',
      'renumbered 2 → 3',
      'renumbered 3 → 4',
    ])
  })

  test('diffDocuments reports the smallest possible set of units as moved when articles change places', () => {
    const of = (...numbers: number[]) =>
      `${articles(...numbers.map((n): [string, string] => [`${n}`, sentences(n)]))}\n`
    expect(changeLines(diff(of(1, 2, 3, 4), of(1, 3, 2, 4)).changes)).toEqual(['moved 3 → 3'])
    expect(changeLines(diff(of(1, 2, 3, 4, 5), of(5, 1, 2, 3, 4)).changes)).toEqual(['moved 5 → 5'])
    expect(changeLines(diff(of(1, 2, 3, 4, 5), of(2, 3, 4, 5, 1)).changes)).toEqual(['moved 1 → 1'])
    expect(changeLines(diff(of(1, 2, 3), of(3, 2, 1)).changes)).toHaveLength(2)
    expect(changeLines(diff(of(1, 2, 3, 4), of(1, 3, 4)).changes)).toEqual(['repealed 2 → gone'])
  })

  test('diffDocuments pairs a unit that was renumbered and amended', () => {
    const before = articles(['1', sentences(1)], ['2', sentences(2, 6)])
    const after = articles(['1', sentences(1)], ['7', `${sentences(2, 6)}\nAnd more.`])
    expect(changeLines(diff(before, after).changes)).toEqual(['renumbered 2 → 7'])
  })

  const boilerplate =
    'This article comes into force on the day after its publication and counts for all doors of the garden alike.'

  test('diffDocuments takes boilerplate that several units have for no split and no merge', () => {
    const before = `${articles(
      ['1', `${sentences(1)}\n\n${boilerplate}`],
      ['2', `${sentences(2)}\n\n${boilerplate}`],
    )}\n`
    const swans = `Swans may nest.\n\n${boilerplate}`
    const after = articles(['1', sentences(1)], ['2', `${sentences(2)}\n\n${boilerplate}`], ['3', swans])
    expect(changeLines(diff(before, after).changes)).toEqual(['amended 1 → 1', 'added 3 → 3'])
    expect(changeLines(diff(after, before).changes)).toEqual(['amended 1 → 1', 'repealed 3 → gone'])
  })

  const reworded = (n: number) => sentences(n).replace(/\w+(\W*)$/, 'otherwise$1')

  test.each([
    ['as it was', sentences(2)],
    ['and is amended', reworded(2)],
  ])('diffDocuments reports a number that another unit uses when its text moved %s', (_, moved) => {
    const before = `${articles(['1', sentences(1)], ['2', sentences(2)], ['3', sentences(3)])}\n`
    const after = articles(['1', sentences(1)], ['2', sentences(9)], ['3', sentences(3)], ['4', moved])
    expect(changeLines(diff(before, after).changes)).toEqual(['added 2 → 2', 'renumbered 2 → 4'])
  })

  test('diffDocuments pairs amended units that an inserted article shifts, and not the ones of equal numbers', () => {
    const before = articles(['1', sentences(1)], ['2', sentences(2)], ['3', sentences(3)])
    const after = articles(['1', sentences(1)], ['2', sentences(9)], ['3', reworded(2)], ['4', reworded(3)])
    expect(changeLines(diff(before, after).changes)).toEqual([
      ...['added 2 → 2', 'renumbered 2 → 3', 'renumbered 3 → 4'],
    ])
  })

  test('diffDocuments pairs short texts that move with their neighbours, and no others', () => {
    const before = articles(['1', 'Doors are blue.'], ['2', 'Keys are old.'], ['3', sentences(3)])
    const after = articles(
      ['1', 'Doors are blue.'],
      ['2', 'Locks are new.'],
      ['3', 'Keys are old.'],
      ['4', sentences(3)],
    )
    expect(changeLines(diff(before, after).changes)).toEqual([
      ...['added 2 → 2', 'renumbered 2 → 3', 'renumbered 3 → 4'],
    ])
    const alone = articles(['1', 'Locks are new.'], ['2', 'Doors are blue.'], ['3', sentences(3)])
    expect(changeLines(diff(articles(['1', 'Doors are blue.'], ['3', sentences(3)]), alone).changes)).toEqual(
      [...['amended 1 → 1', 'added 2 → 2']],
    )
  })

  test('diffDocuments sees renumbered units of mixed depth', () => {
    const section = (n: number, text: number) => `### Section ${n}\n\n${sentences(text)}\n`
    const article = (n: number, text: string) => `## Article ${n}\n\n${text}\n`
    const before = [
      ...['## Article 1\n', section(1, 1), section(2, 2), section(3, 3), section(4, 4)],
      ...[article(2, sentences(5)), article(3, sentences(6))],
    ].join('\n')
    const after = [
      ...['## Article 1\n', section(1, 1), section(2, 7), section(3, 2), section(4, 3), section(5, 4)],
      ...[article(2, sentences(8)), article(3, sentences(5)), article(4, sentences(6))],
    ].join('\n')
    const { changes } = diff(before, after)
    expect(
      changes
        .filter(({ change }) => change !== 'unchanged')
        .map(({ change, address, newAddress }) => `${change} ${address.slice(2)} → ${newAddress!.slice(2)}`),
    ).toEqual([
      'added SECTION-2 → SECTION-2',
      'renumbered SECTION-2 → SECTION-3',
      'renumbered SECTION-3 → SECTION-4',
      'renumbered SECTION-4 → SECTION-5',
      'added ARTICLE-2 → ARTICLE-2',
      'renumbered ARTICLE-2 → ARTICLE-3',
      'renumbered ARTICLE-3 → ARTICLE-4',
    ])
  })

  test('diffDocuments reports a split, whether a part keeps the old number or not', () => {
    const [one, two] = [sentences(5, 3), sentences(6, 3)]
    const before = articles(['1', sentences(1)], ['2', `${one}\n${two}`])
    expect(changeLines(diff(before, articles(['1', sentences(1)], ['2', one], ['2a', two])).changes)).toEqual(
      ['split 2 → 2', 'split 2 → 2A'],
    )
    expect(changeLines(diff(before, articles(['1', sentences(1)], ['5', one], ['6', two])).changes)).toEqual([
      'split 2 → 5',
      'split 2 → 6',
    ])
  })

  test('diffDocuments reports a merge into one of the two units or into a third', () => {
    const [one, two] = [sentences(5, 3), sentences(6, 3)]
    const before = articles(['1', sentences(1)], ['2', one], ['3', two])
    expect(changeLines(diff(before, articles(['1', sentences(1)], ['2', `${one}\n${two}`])).changes)).toEqual(
      ['merged 2 → 2', 'merged 3 → 2'],
    )
    expect(changeLines(diff(before, articles(['1', sentences(1)], ['9', `${one}\n${two}`])).changes)).toEqual(
      ['merged 2 → 9', 'merged 3 → 9'],
    )
  })

  test('diffDocuments reports a unit that is repealed in place under the same address', () => {
    const before = articles(['1', sentences(1)], ['2', sentences(2)])
    const after = articles(['1', sentences(1)], ['2 (repealed)', ''])
    expect(changeLines(diff(before, after).changes)).toEqual(['repealed 2 → 2'])
  })

  test('diffDocuments reports lines outside of units separately', () => {
    const before = `---\nupdated: 2001\n---\n${articles(['1', sentences(1)])}`
    const { changes, other } = diff(before, before.replace('2001', '2002'))
    expect(changeLines(changes)).toEqual([])
    expect(other).toEqual([{ removed: ['updated: 2001'], added: ['updated: 2002'] }])
  })

  test('diffDocuments compares thousands of changed units within seconds', () => {
    const many = (from: number) =>
      articles(
        ...Array.from({ length: 4_000 }, (_, i): [string, string] => [String(i + 1), sentences(i + from, 3)]),
      )
    const { changes } = diff(many(1), many(2))
    expect(changes.filter(({ change }) => change === 'renumbered')).toHaveLength(3_999)
  }, 20_000)
})

const documents = resolve(import.meta.dirname, '../../../../shared/documents')
if (!existsSync(documents)) console.info(`skipped: real amendments, because ${documents} is missing`)

describe.skipIf(!existsSync(documents))('diffDocuments on real amendments', () => {
  const real = (name: string) => text(new Uint8Array(readFileSync(join(documents, name))))

  test('diffDocuments finds that the Grundgesetz of 2012 amends Art 93 and one line of metadata', () => {
    const { changes, other } = diffDocuments(
      real('de-grundgesetz-a-2010-07.md'),
      real('de-grundgesetz-b-2012-07.md'),
    )
    expect(changes).toHaveLength(199)
    expect(changeLines(changes)).toEqual(['amended 93 → 93'])
    expect(other).toHaveLength(1)
    expect([other[0]!.removed.length, other[0]!.added.length]).toEqual([1, 1])
  })

  test('diffDocuments finds that the French constitution of December 2009 amends 88-1, 88-2, 88-4 and 88-5 and adds 88-6 and 88-7', () => {
    const { changes } = diffDocuments(
      real('fr-constitution-1958-a-2009-03-01.md'),
      real('fr-constitution-1958-b-2009-12-01.md'),
    )
    const numbers = (kind: string) =>
      new Set(changes.filter(({ change }) => change === kind).map(({ newAddress }) => newAddress!.slice(10)))
    expect(numbers('amended')).toEqual(new Set(['88-1', '88-2', '88-4', '88-5']))
    expect(numbers('added')).toEqual(new Set(['88-6', '88-7']))
    expect(changes.filter(({ change }) => !['unchanged', 'amended', 'added'].includes(change))).toEqual([])
  })

  test('diffDocuments numbers units that share an address by their occurrence', () => {
    const fr = real('fr-constitution-1958-a-2009-03-01.md')
    const { changes } = diffDocuments(fr, fr)
    expect(
      changes.filter(({ address }) => address === 'D/ARTICLE-88-1').map(({ occurrence }) => occurrence),
    ).toEqual([1, 2])
  })
})
