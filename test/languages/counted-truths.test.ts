import { expect, test } from 'vitest'
import { type Scan, scanDocument } from '../../src/document/scan.ts'
import { CutterError } from '../../src/domain/errors.ts'
import { type CountedTruth, countedTruths } from './counted-truths.ts'

// How Cutter reads real texts without `--profile` and `--accept`, against what a plain search of lines counts in them.

const all = countedTruths()
const there = all.filter(({ bytes }) => bytes !== null)
for (const { name } of all.filter(({ bytes }) => bytes === null))
  console.log(`skipped "${name}": ../shared/documents is not there`)

interface Verdict {
  name: string
  language: string
  expected: string
  found: string
  /** Codes that stop a cut, or the refusal. */
  findings: string
  verdict: 'right' | 'stops' | 'wrong'
}

function judge({ name, language, bytes, counts }: CountedTruth): Verdict {
  const formatted = (numbers: { [level: string]: number }) =>
    Object.entries(numbers)
      .map(([level, count]) => `${level} ${count}`)
      .join(', ')
  const row = { name, language, expected: formatted(counts) }
  const scan = scanOrRefusal(bytes!)
  if (typeof scan === 'string') return { ...row, found: 'nothing', findings: scan, verdict: 'stops' }
  const count = (level: string) =>
    scan.records.filter((record) => record.kind !== 'other' && record.level === level).length
  const found = formatted(Object.fromEntries(Object.keys(counts).map((level) => [level, count(level)])))
  const codes = scan.problems.filter(({ severity }) => severity !== 'note').map(({ code }) => code)
  const findings = [...new Set(codes)].join(', ')
  const stops = findings === '' ? null : ('stops' as const)
  return { ...row, found, findings, verdict: stops ?? (found === row.expected ? 'right' : 'wrong') }
}

function scanOrRefusal(bytes: Buffer): Scan | string {
  try {
    return scanDocument(bytes, { document: 'DOC' })
  } catch (error) {
    if (error instanceof CutterError) return error.code
    throw error
  }
}

const verdicts = there.map(judge)

test('the table has at least 40 real texts in 20 languages', () => {
  expect(all.length).toBeGreaterThanOrEqual(40)
  expect(new Set(all.map(({ language }) => language.replace(/-.*/, ''))).size).toBeGreaterThanOrEqual(20)
})

test.each(there)('a plain search counts in $name what the table says', ({ bytes, counts, plainly }) => {
  expect(plainly(bytes!.toString())).toBe(Object.values(counts)[0])
})

test('at least 34 of 40 real texts are cut right without a profile and without accepted problems', () => {
  const width = Math.max(...verdicts.map(({ name }) => name.length))
  for (const { name, expected, found, findings, verdict } of verdicts)
    console.log(
      `${verdict}  ${name.padEnd(width)}  expected: ${expected}; found: ${found}; ${findings || 'no findings'}`,
    )
  const right = verdicts.filter(({ verdict }) => verdict === 'right')
  console.log(`${right.length} of ${verdicts.length} real texts are cut right`)
  expect(right.length / verdicts.length).toBeGreaterThanOrEqual(34 / 40)
  const own = verdicts.filter(({ name }) => !name.startsWith('udhr'))
  const ownRight = own.filter(({ verdict }) => verdict === 'right')
  expect(ownRight.length / own.length).toBeGreaterThanOrEqual(34 / 40)
})

test('no real text is cut wrong in silence', () => {
  expect(verdicts.filter(({ verdict }) => verdict === 'wrong')).toEqual([])
})

test.each(there.filter(({ stopsBecause }) => stopsBecause !== undefined))(
  '$name stops, because $stopsBecause',
  ({ name }) => {
    expect(verdicts.find((each) => each.name === name)).toMatchObject({
      verdict: 'stops',
      findings: 'ADDRESS_COLLISION',
    })
  },
)
