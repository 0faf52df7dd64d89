import type { Found } from './found.ts'
import { byteOrderMark, eachLine, type Line, positionOf } from './lines.ts'
import { compareNumbers } from './number.ts'
import type { Profile } from './profile.ts'
import type { Placed, ScanRecord } from './records.ts'

/** Something odd about a document. An unsafe one must be mended, or answered by another profile, before a cut. */
export interface Problem {
  code: string
  message: string
  /** Both from 1. */
  line: number
  column: number
  /** Byte offset. */
  start: number
  unsafe: boolean
}

/** What the bytes alone tell. */
export function byteProblems(bytes: Uint8Array): Problem[] {
  const problems: Problem[] = []
  const add = (code: string, start: number, unsafe: boolean, message: string) => {
    problems.push({ code, message, ...positionOf(bytes, start), start, unsafe })
  }
  if (byteOrderMark(bytes) > 0)
    add('BYTE_ORDER_MARK', 0, false, 'the source begins with a byte-order mark; it is kept')
  const nul = bytes.indexOf(0)
  if (nul >= 0) add('NUL', nul, true, 'the source holds a NUL byte, which PostgreSQL text can not hold')
  const endings = new Map<Line['ending'], Line>()
  eachLine(bytes, (line) => {
    if (!endings.has(line.ending)) endings.set(line.ending, line)
    return undefined
  })
  const unended = endings.get('none')
  if (unended !== undefined)
    add('NO_FINAL_NEWLINE', unended.end, false, 'the last line has no line end; nothing is added')
  endings.delete('none')
  const [first, second] = [...endings.values()]
  if (second !== undefined) {
    const kinds = [...endings.keys()].map((kind) => kind.toUpperCase()).join(' and ')
    add(
      'MIXED_LINE_ENDS',
      second.end,
      false,
      `line ends are mixed (${kinds}); they are kept as they are, line ${first!.number} has the other kind`,
    )
  }
  return problems
}

/** What the headings tell. */
export function headingProblems(found: Found): Problem[] {
  const problems: Problem[] = []
  if (found.unclosed !== null) {
    const { what, line, start } = found.unclosed
    const message = `a ${what} opens on line ${line} and never ends: everything behind it counts as its text`
    problems.push({ code: 'UNCLOSED_BLOCK', message, line, column: 1, start, unsafe: true })
  }
  if (found.overlong !== null) {
    const message = `the heading on line ${found.overlong.line} is too long to be read, so that nothing starts there`
    problems.push({ code: 'HEADING_TOO_LONG', message, ...found.overlong, column: 1, unsafe: true })
  }
  for (const heading of found.headings) {
    if (heading.normalised) continue
    const message = `the heading "${heading.text}" is not in Unicode's composed form (NFC); it is matched in it and kept as it is`
    problems.push({
      code: 'NOT_NORMALISED',
      message,
      line: heading.line,
      column: 1,
      start: heading.start,
      unsafe: false,
    })
  }
  return problems
}

/** Two records with one address. Nothing is merged or renamed: which one is meant is not ours to say. */
export function collisionProblems(placed: Placed[]): Problem[] {
  const problems: Problem[] = []
  const seen = new Map<string, Placed>()
  for (const each of placed) {
    const { address, kind } = each.record
    if (address === null) continue
    const before = seen.get(address)
    if (before === undefined) {
      seen.set(address, each)
      continue
    }
    const containers = kind === 'container' && before.record.kind === 'container'
    const message = `address ${address} stands twice: ${placeOf(before)} and ${placeOf(each)}`
    const code = containers ? 'CONTAINER_REPEATED' : 'ADDRESS_COLLISION'
    problems.push({
      code,
      message,
      line: each.line,
      column: 1,
      start: each.record.start,
      unsafe: !containers,
    })
  }
  return problems
}

function placeOf({ line, record }: Placed): string {
  return `line ${line} ("${record.heading ?? ''}")`
}

const LONGEST_ADDRESS = 200

/** Long document ids and words in nested headings add up; the target holds no longer address. */
export function lengthProblems(placed: Placed[]): Problem[] {
  return placed
    .filter(({ record }) => record.kind === 'unit' && record.address!.length > LONGEST_ADDRESS)
    .map(({ record, line }) => ({
      code: 'ADDRESS_TOO_LONG',
      message: `the address of "${record.heading}" would have ${record.address!.length} signs, more than ${LONGEST_ADDRESS}: ${record.address}`,
      ...{ line, column: 1, start: record.start, unsafe: true },
    }))
}

/** Units of no known kind may be right; whoever approves should know that it was a guess. */
export function guessProblems(placed: Placed[], profile: Profile): Problem[] {
  const units = placed.filter(({ record }) => record.kind === 'unit' || record.kind === 'excluded')
  const [first] = units
  if (first === undefined || units.some(({ record }) => record.level !== profile.unnamed.name)) return []
  const message =
    profile.syntax === 'markdown'
      ? 'no heading has a known word with a number, such as "Article 5", so that every heading begins a unit'
      : `lines such as "${first.record.heading}" are taken for headings only because they repeat with growing numbers`
  return [
    { code: 'KIND_GUESSED', message, line: first.line, column: 1, start: first.record.start, unsafe: false },
  ]
}

/** Gaps and steps back in the numbers of the units of one level; where addresses hold the container, inside each. */
export function sequenceProblems(placed: Placed[], insideContainers: boolean): Problem[] {
  const problems: Problem[] = []
  const last = new Map<string, ScanRecord>()
  for (const { record, line } of placed) {
    if ((record.kind !== 'unit' && record.kind !== 'excluded') || record.number === null) continue
    const series = `${record.level} ${insideContainers ? record.parent : ''}`
    const before = last.get(series)
    last.set(series, record)
    const found = before === undefined ? lateStart(record) : sequenceProblem(before, record)
    if (found !== null) problems.push({ ...found, line, column: 1, start: record.start, unsafe: false })
  }
  return problems
}

function sequenceProblem(before: ScanRecord, after: ScanRecord): { code: string; message: string } | null {
  const order = compareNumbers(before.number!, after.number!)
  const between = `"${after.heading}" follows "${before.heading}"`
  if (order > 0) return { code: 'NUMBER_OUT_OF_ORDER', message: `numbers step back: ${between}` }
  const from = Number(/(\d+)\D*$/.exec(before.number!.replace(/-.*$/, ''))?.[1])
  const to = Number(/^\d+/.exec(after.number!)?.[0])
  return to > from + 1
    ? { code: 'NUMBER_GAP', message: `numbers ${from + 1} to ${to - 1} are missing: ${between}` }
    : null
}

function lateStart(record: ScanRecord): { code: string; message: string } | null {
  const first = Number(/^\d+/.exec(record.number!)?.[0])
  if (!(first > 1)) return null
  return {
    code: 'NUMBER_GAP',
    message: `numbers before ${first} are missing: the first is "${record.heading}"`,
  }
}
