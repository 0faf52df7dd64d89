import { expect, test } from 'vitest'
import { listSuspects } from '../../src/document/diagnostics/suspects.ts'
import { type Scan, scanDocument } from '../../src/document/scan.ts'
import { CutterError } from '../../src/domain/errors.ts'
import { udhrTexts } from '../support/udhr.ts'
import { asPlainText, type RealText, realTexts } from './real-texts.ts'

// How Cutter reads real texts without `--profile` and `--accept`, against what is counted in them without its reader.

const all = realTexts()
const there = all.filter(({ bytes }) => bytes !== null)
for (const { name } of all.filter(({ bytes }) => bytes === null))
  console.log(`skipped "${name}": ../shared/documents is not there`)

interface Verdict {
  name: string
  expected: string
  found: string
  /** Codes that stop a cut, or the refusal. */
  findings: string
  /** `right`: all units, and the numbered ones at the lines that were counted. */
  verdict: 'right' | 'stops' | 'wrong'
}

const isUnit = ({ kind }: Scan['records'][number]) => kind === 'unit' || kind === 'excluded'

const formatted = (counts: { [level: string]: number }) =>
  Object.entries(counts)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([level, count]) => `${level} ${count}`)
    .join(', ')

/** `anyLevel`: the words of headings may be unknown, so that the kind of numbered units is not compared. */
function judge({ name, bytes, units, begins, isUnnamed }: RealText, anyLevel = false): Verdict {
  const row = { name, expected: formatted(units) }
  const scan = scanOrRefusal(bytes!)
  if (typeof scan === 'string') return { ...row, found: 'nothing', findings: scan, verdict: 'stops' }
  const cut = scan.records.filter(isUnit)
  const counts: { [level: string]: number } = {}
  for (const { level, number } of cut) {
    const numbered = anyLevel ? 'article' : level!
    const kind = number !== null ? numbered : isUnnamed ? 'preamble' : level!
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  const found = formatted(counts)
  const codes = scan.problems.filter(({ severity }) => severity !== 'note').map(({ code }) => code)
  const findings = [...new Set(codes)].join(', ')
  if (findings !== '') return { ...row, found, findings, verdict: 'stops' }
  const starts = new Set(
    linesAt(
      bytes!,
      cut.map(({ start }) => start),
    ),
  )
  const isRight = found === row.expected && begins(bytes!.toString()).every((line) => starts.has(line))
  return { ...row, found, findings, verdict: isRight ? 'right' : 'wrong' }
}

function scanOrRefusal(bytes: Buffer): Scan | string {
  try {
    return scanDocument(bytes, { document: 'DOC' })
  } catch (error) {
    if (error instanceof CutterError) return error.code
    throw error
  }
}

/** Lines (from 1) of offsets, which grow. */
function linesAt(bytes: Buffer, offsets: number[]): number[] {
  let [line, from] = [1, 0]
  return offsets.map((offset) => {
    for (let at = bytes.indexOf(0x0a, from); at >= 0 && at < offset; at = bytes.indexOf(0x0a, from)) {
      line += 1
      from = at + 1
    }
    return line
  })
}

const verdicts = there.map((text) => judge(text))

test('the table has at least 40 real texts in 20 languages', () => {
  expect(all.length).toBeGreaterThanOrEqual(40)
  expect(new Set(all.map(({ language }) => language.replace(/-.*/, ''))).size).toBeGreaterThanOrEqual(20)
})

test.each(there)(
  'a search of $name finds as many headings as the table has units',
  ({ bytes, units, begins }) => {
    const [first] = Object.values(units)
    expect(begins(bytes!.toString())).toHaveLength(first!)
  },
)

test('at least 34 of 40 real texts are cut right without a profile and without accepted problems', () => {
  const width = Math.max(...verdicts.map(({ name }) => name.length))
  for (const { name, expected, found, findings, verdict } of verdicts)
    console.log(
      `${verdict}  ${name.padEnd(width)}  expected: ${expected}; found: ${found}; ${findings || 'no findings'}`,
    )
  const share = (rows: Verdict[]) => rows.filter(({ verdict }) => verdict === 'right').length / rows.length
  console.log(`${share(verdicts) * verdicts.length} of ${verdicts.length} real texts are cut right`)
  expect(share(verdicts)).toBeGreaterThanOrEqual(34 / 40)
  expect(share(verdicts.filter(({ name }) => !name.startsWith('udhr')))).toBeGreaterThanOrEqual(34 / 40)
})

test('no real text is cut wrong in silence', () => {
  expect(verdicts.filter(({ verdict }) => verdict === 'wrong')).toEqual([])
})

test.each(there.filter(({ stopsBecause }) => stopsBecause !== undefined))(
  '$name stops, because $stopsBecause',
  ({ name, bytes }) => {
    expect(verdicts.find((each) => each.name === name)).toMatchObject({ verdict: 'stops' })
    expect(
      listSuspects(bytes!, scanDocument(bytes!, { document: 'DOC' })).map(({ line }) => line),
    ).not.toEqual([])
  },
)

test('no translation of the Universal Declaration as plain text is cut wrong in silence', {
  timeout: 300_000,
}, () => {
  const read = udhrTexts().map((text) => judge(asPlainText(text), true))
  const tally = (wanted: Verdict['verdict']) => read.filter(({ verdict }) => verdict === wanted).length
  console.log(`${read.length} translations: ${tally('right')} right, ${tally('stops')} stop`)
  expect(read.filter(({ verdict }) => verdict === 'wrong')).toEqual([])
  expect(read.length).toBeGreaterThan(500)
  expect(tally('right')).toBeGreaterThanOrEqual(390)
})
