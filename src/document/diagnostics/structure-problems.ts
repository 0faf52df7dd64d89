import type { Profile, Syntax } from '../profiles/profile.ts'
import type { SyntaxReading } from '../structure/headings/heading-match.ts'
import type { Boundary } from '../structure/outline.ts'
import type { PlacedRecord } from '../structure/records.ts'
import { createProblem, type Problem } from './problem.ts'

export { findByteProblems } from './byte-problems.ts'
export type { Problem } from './problem.ts'

/** What the headings and the addresses tell. */
export function findStructureProblems(
  bytes: Uint8Array,
  found: SyntaxReading,
  boundaries: Boundary[],
  placed: PlacedRecord[],
  profile: Profile,
  syntax: Syntax,
): Problem[] {
  const guessed = guessProblems(placed, profile, syntax)
  return [
    ...readingProblems(bytes, found),
    ...collisionProblems(placed),
    ...lengthProblems(placed),
    ...guessed,
    ...(guessed.length > 0 ? [] : unknownLevelProblems(boundaries, profile)),
  ]
}

function readingProblems(bytes: Uint8Array, { unclosed, overlong }: SyntaxReading): Problem[] {
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

/** Two records with one address. Nothing is merged or renamed: which one is meant is not ours to say. */
function collisionProblems(placed: PlacedRecord[]): Problem[] {
  const problems: Problem[] = []
  const seen = new Map<string, PlacedRecord>()
  for (const each of placed) {
    const { address, kind, start } = each.record
    if (address === null) continue
    const before = seen.get(address)
    if (before === undefined) {
      seen.set(address, each)
      continue
    }
    const containers = kind === 'container' && before.record.kind === 'container'
    const message = `address ${address} stands twice: ${placeOf(before)} and ${placeOf(each)}`
    const code = containers ? 'CONTAINER_REPEATED' : 'ADDRESS_COLLISION'
    problems.push(createProblem(code, message, { line: each.line, column: 1, start }))
  }
  return problems
}

function placeOf({ line, record }: PlacedRecord): string {
  return `line ${line} ("${record.heading ?? ''}")`
}

const LONGEST_ADDRESS = 200

/** Long document ids and words in nested headings add up; the target holds no longer address. */
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

/** Units of no known kind may be right; whoever approves should know that it was a guess. */
function guessProblems(placed: PlacedRecord[], profile: Profile, syntax: Syntax): Problem[] {
  const units = placed.filter(({ record }) => record.kind === 'unit' || record.kind === 'excluded')
  const [first] = units
  if (first === undefined || units.some(({ record }) => record.level !== profile.unnamed.name)) return []
  const message =
    syntax === 'plain'
      ? `lines such as "${first.record.heading}" are taken for headings only because they repeat with growing numbers`
      : 'no heading has a known word with a number, such as "Article 5", so that every heading begins a unit'
  return [createProblem('KIND_GUESSED', message, { line: first.line, column: 1, start: first.record.start })]
}

/** Beside units of known kinds: a heading of none, which is cut by its words, or left out of the cut with its text. */
function unknownLevelProblems(boundaries: Boundary[], { unnamed }: Profile): Problem[] {
  return boundaries.flatMap(({ heading: { text, line, start }, kind, level, isTitle }) => {
    if (level.name !== unnamed.name || kind === 'container' || isTitle) return []
    const what = kind === 'unit' ? 'it is a unit by its words' : 'it is not cut, nor is the text behind it'
    return [
      createProblem('UNKNOWN_HEADING_LEVEL', `the heading "${text}" is of no known kind: ${what}`, {
        ...{ line, column: 1, start },
      }),
    ]
  })
}
