import type { ScannedDocument } from '../../service/documents/scan.ts'

type ScanRecord = ScannedDocument['records'][number]

/** A longer list of records is shortened to its first and last `SHOWN_ENDS`. */
const MAX_RECORDS = 60
const SHOWN_ENDS = 20
/** Maximum number of locations shown per problem. */
const MAX_LOCATIONS = 5
const MAX_HEADING = 60
const MAX_DEPTH = 12

/** A scan for people: totals, the tree of records, the problems. `all` lists every record and location. */
export function linesOfScan(scan: ScannedDocument, { file, all }: { file: string; all: boolean }): string[] {
  return [
    ...linesOfTotals(scan, file),
    '',
    ...linesOfTree(scan.records, all),
    '',
    ...linesOfProblems(scan, all),
  ]
}

/** What a reading may have missed, for people: one line for each place, with its reason below. */
export function linesOfSuspects(scan: ScannedDocument, file: string): string[] {
  const { suspects = [] } = scan
  const found = suspects.length === 0 ? 'none' : `${groupDigits(suspects.length)}, by lines`
  const width = Math.max(0, ...suspects.map(({ line }) => String(line).length))
  return [
    ...linesOfTotals(scan, file),
    `suspects  ${found}`,
    ...suspects.flatMap(({ line, code, severity, text, reason }) => [
      '',
      `${String(line).padStart(width)}  ${code} (${SEVERITY_TEXT[severity]})  ${text}`,
      `${' '.repeat(width)}  ${reason}`,
    ]),
  ]
}

function linesOfTotals(scan: ScannedDocument, file: string): string[] {
  const { document, profile, profileVersion, confidence, why, bytes, sha256, encoding } = scan
  const { records, coverage } = scan
  const count = (kind: ScanRecord['kind']) => records.filter((record) => record.kind === kind).length
  const excluded = count('excluded')
  const { complete, gaps, overlaps } = coverage
  return [
    `file      ${file}: ${groupDigits(bytes)} bytes, ${encoding}, sha256 ${sha256}`,
    `document  ${document}`,
    `profile   ${profile} ${profileVersion}, confidence ${confidence} (${why})`,
    `units     ${count('unit')}${excluded === 0 ? '' : `, ${excluded} left out`}, ${count('container')} containers, ${count('other')} other records`,
    `sizes     ${sizesOf(records, bytes)}`,
    complete
      ? 'coverage  complete: every byte is in exactly one record'
      : `coverage  NOT complete: ${gaps.length} gaps, ${overlaps.length} overlaps`,
  ]
}

function sizesOf(records: ScanRecord[], bytes: number): string {
  const size = ({ start, end }: ScanRecord) => end - start
  const units = records
    .filter(({ kind }) => kind === 'unit' || kind === 'excluded')
    .sort((a, b) => size(a) - size(b))
  const outside = records.filter(({ kind }) => kind === 'other').reduce((sum, one) => sum + size(one), 0)
  const share = `${Math.round((outside / bytes) * 1000) / 10} % outside of units`
  const [median, largest] = [units[units.length >> 1], units.at(-1)]
  if (median === undefined || largest === undefined) return share
  return `half of the units have at most ${groupDigits(size(median))} bytes, the largest ${groupDigits(size(largest))} (${largest.address}); ${share}`
}

function linesOfTree(records: ScanRecord[], all: boolean): string[] {
  const depths = depthsOf(records)
  const widest = records.reduce(
    (most, { address }, i) => Math.max(most, (address?.length ?? 0) + 2 * depths[i]!),
    0,
  )
  const width = Math.min(60, widest)
  const shown =
    all || records.length <= MAX_RECORDS
      ? records
      : [...records.slice(0, SHOWN_ENDS), ...records.slice(-SHOWN_ENDS)]
  const lines = shown.map((record, i) => {
    const index = i < SHOWN_ENDS || shown.length === records.length ? i : records.length - shown.length + i
    return lineOf(record, depths[index]!, width)
  })
  if (shown.length === records.length) return lines
  const left = records.length - shown.length
  return [
    ...lines.slice(0, SHOWN_ENDS),
    `… ${groupDigits(left)} more records (--all, or --json, lists them)`,
    ...lines.slice(SHOWN_ENDS),
  ]
}

function lineOf(record: ScanRecord, depth: number, width: number): string {
  const { kind, address, heading, status, start, end, reason } = record
  const sign = { unit: ' ', excluded: '-', container: '+', other: '.' }[kind]
  const name = `${'  '.repeat(depth)}${address ?? '(other text)'}`.padEnd(width)
  const marks = [
    ...(status === null ? [] : [status]),
    ...(reason === undefined ? [] : [`left out: ${reason}`]),
  ]
  const title = heading === null ? '' : shorten(heading)
  return `${sign} ${name}  ${groupDigits(end - start).padStart(9)}  ${title}${marks.length === 0 ? '' : `  [${marks.join('; ')}]`}`.trimEnd()
}

function depthsOf(records: ScanRecord[]): number[] {
  const known = new Map<string, number>()
  return records.map(({ address, parent }) => {
    const depth = parent === null ? 0 : Math.min(MAX_DEPTH, (known.get(parent) ?? 0) + 1)
    if (address !== null) known.set(address, depth)
    return depth
  })
}

const SEVERITY_TEXT = {
  stops: 'stops a cut',
  'needs-accept': 'stops a cut unless it is accepted',
  note: 'note',
}

function linesOfProblems({ problems }: ScannedDocument, all: boolean): string[] {
  if (problems.length === 0) return ['problems  none']
  const byCode = new Map<string, ScannedDocument['problems']>()
  for (const problem of problems) {
    const known = byCode.get(problem.code)
    if (known === undefined) byCode.set(problem.code, [problem])
    else known.push(problem)
  }
  const order = ['stops', 'needs-accept', 'note']
  const groups = [...byCode].sort(
    ([, [a]], [, [b]]) => order.indexOf(a!.severity) - order.indexOf(b!.severity),
  )
  return groups.flatMap(([code, found]) => {
    const { severity } = found[0]!
    const places = all ? found : found.slice(0, MAX_LOCATIONS)
    return [
      `${code}  ${found.length === 1 ? '' : `${groupDigits(found.length)} times; `}${SEVERITY_TEXT[severity]}${severity === 'needs-accept' ? `: --accept ${code}` : ''}`,
      ...places.map(({ line, column, message }) => `    ${line}:${column}  ${message}`),
      ...(places.length < found.length
        ? [`    … and ${groupDigits(found.length - places.length)} more`]
        : []),
    ]
  })
}

function shorten(text: string): string {
  const signs = [...text]
  return signs.length <= MAX_HEADING ? text : `${signs.slice(0, MAX_HEADING - 1).join('')}…`
}

const groupDigits = (count: number) => String(count).replace(/\B(?=(\d{3})+$)/g, ' ')
