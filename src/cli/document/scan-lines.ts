import type { Scan } from '../../document/scan.ts'
import type { ScanRecord } from '../../document/structure/records.ts'

/** A scan for people: what it is, the tree, what is odd. */

/** So many records or problems are shown whole; of more, the first and last ones. */
const MANY = 60
const ENDS = 20
/** So many places of one problem. */
const PLACES = 5

export function linesOfScan(
  scan: Scan,
  { file, document, all }: { file: string; document: string; all: boolean },
): string[] {
  return [
    ...linesOfHead(scan, file, document),
    '',
    ...linesOfTree(scan.records, all),
    '',
    ...linesOfProblems(scan, all),
  ]
}

function linesOfHead(scan: Scan, file: string, document: string): string[] {
  const { profile, profileVersion, confidence, why, bytes, sha256, encoding, records, coverage } = scan
  const count = (kind: ScanRecord['kind']) => records.filter((record) => record.kind === kind).length
  const excluded = count('excluded')
  const { complete, gaps, overlaps } = coverage
  return [
    `file      ${file}: ${grouped(bytes)} bytes, ${encoding}, sha256 ${sha256}`,
    `document  ${document}`,
    `profile   ${profile} ${profileVersion}, confidence ${confidence} (${why})`,
    `units     ${count('unit')}${excluded === 0 ? '' : `, ${excluded} left out`}, ${count('container')} containers, ${count('other')} other records`,
    complete
      ? 'coverage  complete: every byte stands in exactly one record'
      : `coverage  NOT complete: ${gaps.length} gaps, ${overlaps.length} overlaps`,
  ]
}

function linesOfTree(records: ScanRecord[], all: boolean): string[] {
  const depths = depthsOf(records)
  const widest = records.reduce(
    (most, { address }, i) => Math.max(most, (address?.length ?? 0) + 2 * depths[i]!),
    0,
  )
  const width = Math.min(60, widest)
  const shown = all || records.length <= MANY ? records : [...records.slice(0, ENDS), ...records.slice(-ENDS)]
  const lines = shown.map((record, i) => {
    const index = i < ENDS || shown.length === records.length ? i : records.length - shown.length + i
    return lineOf(record, depths[index]!, width)
  })
  if (shown.length === records.length) return lines
  const left = records.length - shown.length
  return [
    ...lines.slice(0, ENDS),
    `… ${grouped(left)} more records (--all, or --json, lists them)`,
    ...lines.slice(ENDS),
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
  const said = heading === null ? '' : shortened(heading)
  return `${sign} ${name}  ${grouped(end - start).padStart(9)}  ${said}${marks.length === 0 ? '' : `  [${marks.join('; ')}]`}`.trimEnd()
}

function depthsOf(records: ScanRecord[]): number[] {
  const known = new Map<string, number>()
  return records.map(({ address, parent }) => {
    const depth = parent === null ? 0 : Math.min(12, (known.get(parent) ?? 0) + 1)
    if (address !== null) known.set(address, depth)
    return depth
  })
}

const SAYS = {
  stops: 'stops a cut',
  'needs-accept': 'stops a cut unless it is accepted',
  note: 'note',
}

function linesOfProblems({ problems }: Scan, all: boolean): string[] {
  if (problems.length === 0) return ['problems  none']
  const byCode = new Map<string, Scan['problems']>()
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
    const places = all ? found : found.slice(0, PLACES)
    return [
      `${code}  ${found.length === 1 ? '' : `${grouped(found.length)} times; `}${SAYS[severity]}${severity === 'needs-accept' ? `: --accept ${code}` : ''}`,
      ...places.map(({ line, column, message }) => `    ${line}:${column}  ${message}`),
      ...(places.length < found.length ? [`    … and ${grouped(found.length - places.length)} more`] : []),
    ]
  })
}

function shortened(text: string): string {
  const signs = [...text]
  return signs.length <= 60 ? text : `${signs.slice(0, 59).join('')}…`
}

const grouped = (count: number) => String(count).replace(/\B(?=(\d{3})+$)/g, ' ')
