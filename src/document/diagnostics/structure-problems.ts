import type { Profile, Syntax } from '../profiles/profile.ts'
import type { SyntaxReading } from '../structure/headings/heading-match.ts'
import type { Boundary } from '../structure/outline.ts'
import type { PlacedRecord, ScanRecord } from '../structure/records.ts'
import { createProblem, type Problem } from './problem.ts'

/** What is asked of a boundary, by whichever rules it was found. */
type FoundBoundary = Pick<Boundary, 'kind' | 'isTitle'> & {
  heading: Pick<Boundary['heading'], 'text' | 'line' | 'start'> & { number?: string | null; raised?: boolean }
  level: Pick<Boundary['level'], 'name'>
}
type FoundReading = Pick<SyntaxReading, 'unclosed' | 'overlong'>

/** Finds the problems of the headings and the addresses. The first rules (`rules` of the profile) did not cut what has text of its own. */
export function findStructureProblems(
  bytes: Uint8Array,
  found: FoundReading,
  boundaries: FoundBoundary[],
  placed: PlacedRecord[],
  profile: Profile,
  syntax: Syntax,
): Problem[] {
  const guessed = guessProblems(placed, profile, syntax)
  return [
    ...readingProblems(bytes, found),
    ...collisionProblems(placed),
    ...lengthProblems(placed),
    ...raisedProblems(boundaries),
    ...guessed,
    ...(guessed.length > 0 ? [] : unknownLevelProblems(boundaries, profile)),
  ]
}

function readingProblems(bytes: Uint8Array, { unclosed, overlong }: FoundReading): Problem[] {
  const problems: Problem[] = []
  if (unclosed !== null) {
    const { what, line, start } = unclosed
    const hidden = bytes.length - start
    const message = `a ${what} opens on line ${line} and never ends: the ${hidden} bytes from there to the end count as its text`
    problems.push(createProblem('UNCLOSED_BLOCK', message, { line, column: 1, start }))
  }
  if (overlong !== null) {
    const message = `the heading on line ${overlong.line} is too long to be read, so that nothing starts there`
    problems.push(createProblem('HEADING_TOO_LONG', message, { ...overlong, column: 1 }))
  }
  return problems
}

/** Finds records that share an address. Nothing is merged or renamed, because only a person knows which one is meant. */
function collisionProblems(placed: PlacedRecord[]): Problem[] {
  const problems: Problem[] = []
  const seen = new Map<string, PlacedRecord>()
  for (const each of placed) {
    const { kind, start } = each.record
    const address = each.repeats ?? each.record.address
    if (address === null) continue
    const before = seen.get(address)
    if (before === undefined) {
      seen.set(address, each)
      continue
    }
    const containers = kind === 'container' && before.record.kind === 'container'
    const own = each.repeats === undefined ? '' : `; the later one is ${each.record.address}`
    const message = `address ${address} stands twice: ${placeOf(before)} and ${placeOf(each)}${own}`
    const code = containers ? 'CONTAINER_REPEATED' : 'ADDRESS_COLLISION'
    problems.push(createProblem(code, message, { line: each.line, column: 1, start }))
  }
  return problems
}

function placeOf({ line, record }: PlacedRecord): string {
  return `line ${line} ("${record.heading ?? ''}")`
}

const LONGEST_ADDRESS = 200

/** Finds addresses that are too long for the target. Long document ids and the words of nested headings add up. */
function lengthProblems(placed: PlacedRecord[]): Problem[] {
  return placed
    .filter(({ record }) => record.kind === 'unit' && record.address!.length > LONGEST_ADDRESS)
    .map(({ record: { heading, address, start }, line }) =>
      createProblem(
        'ADDRESS_TOO_LONG',
        `the address of "${heading}" would have ${address!.length} signs, more than ${LONGEST_ADDRESS}: ${address}`,
        { line, column: 1, start },
      ),
    )
}

function raisedProblems(boundaries: FoundBoundary[]): Problem[] {
  return boundaries
    .filter(({ heading }) => heading.raised === true)
    .map(({ heading: { text, number, line, start } }) => {
      const message = `"${text}" is read as ${number}: it follows the number before that, and the next number follows too`
      return createProblem('NUMBER_RAISED', message, { line, column: 1, start })
    })
}

/** Reports that all units are of unknown kind. They may be right, but the approver should know that they are a guess. */
function guessProblems(placed: PlacedRecord[], profile: Profile, syntax: Syntax): Problem[] {
  // A preamble has its address by its place, and its text no heading.
  const isNamed = ({ kind, level }: ScanRecord) =>
    (kind === 'unit' || kind === 'excluded') && level !== 'preamble' && level !== 'text'
  const units = placed.filter(({ record }) => isNamed(record))
  const [first] = units
  if (first === undefined || units.some(({ record }) => record.level !== profile.unnamed.name)) return []
  const message =
    syntax === 'plain'
      ? `lines such as "${first.record.heading}" are taken for headings only because they repeat with growing numbers`
      : 'no heading has a known word with a number, such as "Article 5", so that every heading begins a unit'
  return [createProblem('KIND_GUESSED', message, { line: first.line, column: 1, start: first.record.start })]
}

/** Finds headings of unknown kind among units of known kinds. They are cut by their words, or left out with their text. */
function unknownLevelProblems(boundaries: FoundBoundary[], { unnamed, rules }: Profile): Problem[] {
  const outside =
    rules === undefined
      ? 'it is not cut, nor is the text behind it'
      : 'it has no text of its own and is no unit'
  return boundaries.flatMap(({ heading: { text, line, start }, kind, level, isTitle }) => {
    if (level.name !== unnamed.name || kind === 'container' || isTitle) return []
    const what = kind === 'unit' ? 'it is a unit by its words' : outside
    return [
      createProblem('UNKNOWN_HEADING_LEVEL', `the heading "${text}" is of no known kind: ${what}`, {
        line,
        column: 1,
        start,
      }),
    ]
  })
}
