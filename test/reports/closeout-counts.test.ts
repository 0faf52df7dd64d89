import { describe, expect, test } from 'vitest'
import { countLines, countsIn, isAboutCounts } from '../../src/reports/closeout-counts.ts'

const linesOf = (counts: { [key: string]: unknown }) =>
  countsIn({ counts } as never)
    .flatMap(countLines)
    .map(String)

describe('the counts of a closeout', () => {
  test('say of equal counts that they are equal', () => {
    const lines = linesOf({ before: { t: 4 }, after: { t: 4 }, identical: true })
    expect(lines).toContain('Every count is the same before and after.')
    expect(lines).toContain('| `t` | 4 | 4 | 0 |')
  })

  test('say which counts rose, by how much, and that this was planned', () => {
    const before = { total: { unit: 98, version: 105, log: 1 } }
    const after = { total: { unit: 158, version: 165, log: 1 } }
    const lines = linesOf({ before, after, identical: false, asPlanned: true })
    expect(lines).toContain(
      'These counts changed, as planned: `total.unit` +60, `total.version` +60. All others are the same.',
    )
    expect(lines).toContain('| `total.unit` | 98 | 158 | +60 |')
  })

  test('say nothing about a plan where the machine proved nothing about it', () => {
    const [sentence] = linesOf({ before: { t: 4 }, after: { t: 1 } }).filter((line) =>
      line.startsWith('These'),
    )
    expect(sentence).toBe('These counts changed: `t` −3. All others are the same.')
  })

  test('name each unreadable table as unreadable, and count it neither as zero nor leave it out', () => {
    const counts = { total: { unit: 2, manifest_envelope: null } }
    const lines = linesOf({ before: counts, after: counts, unreadable: ['manifest_envelope'] })
    expect(lines).toContain('| `total.manifest_envelope` | unreadable | unreadable | – |')
    expect(lines).toContain(
      'Unreadable for the login that counted, hence unwritable by it (42501): `manifest_envelope`.',
    )
  })

  test('are left out where nothing is counted on either side', () => {
    expect(countsIn({ counts: { before: { t: null }, after: { t: null } }, other: { before: 1 } })).toEqual(
      [],
    )
  })

  test('show their flags in their own section', () => {
    const found = countsIn({ counts: { before: { t: 1 }, after: { t: 2 }, identical: false } })
    expect(isAboutCounts('counts.identical', found)).toBe(true)
    expect(isAboutCounts('verified', found)).toBe(false)
  })
})
