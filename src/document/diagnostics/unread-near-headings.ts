import type { Profile, Syntax } from '../profiles/profile.ts'
import { compileLexicon } from '../structure/headings/lexicon.ts'
import type { Boundary } from '../structure/outline.ts'
import type { PlacedRecord } from '../structure/records.ts'
import { positionOf } from '../syntax/lines.ts'
import { findSpacedHeadings, findSubsectionLines, type NearHeading, readsSmall } from './near-headings.ts'
import { createProblem, type Problem } from './problem.ts'

/** Reports lines that people read as headings and that stand in the text of a record, or have a kind that nobody knows. */
export function findUnreadNearHeadings(
  bytes: Uint8Array,
  boundaries: Boundary[],
  placed: PlacedRecord[],
  profile: Profile,
  syntax: Syntax,
): Problem[] {
  // Where the source says the numbers, the words say nothing.
  if (boundaries.some(({ heading }) => heading.element !== undefined)) return []
  const known = new Set(
    boundaries.flatMap(({ heading: { start }, level }) =>
      level.name === profile.unnamed.name ? [] : [start],
    ),
  )
  const near = findSpacedHeadings(bytes, profile, syntax).filter(({ start }) => !known.has(start))
  return [
    ...near.map((each) => problemOf(bytes, each, placed)),
    ...subsections(bytes, placed, syntax),
    ...smallUnits(placed, profile),
  ]
}

/** Numbers without a word that a first paragraph's number follows: the next one behind the last unit, or the one before the first. */
function subsections(bytes: Uint8Array, placed: PlacedRecord[], syntax: Syntax): Problem[] {
  const units = placed.filter(
    ({ record: { kind, number } }) => kind !== 'other' && kind !== 'container' && number !== null,
  )
  const [first, last] = [units[0], units.at(-1)]
  if (first === undefined || units.some(({ record }) => record.level !== 'numbered')) return []
  const starts = new Set(units.map(({ record }) => record.start))
  const before = Number.parseInt(first.record.number!, 10)
  const behind = Number.parseInt(last!.record.number!, 10)
  const fits = ({ start, number }: NearHeading) =>
    (start < first.record.start && number < before) || (start > last!.record.start && number === behind + 1)
  return findSubsectionLines(bytes, syntax)
    .filter((each) => !starts.has(each.start) && fits(each))
    .map((each) => problemOf(bytes, each, placed))
}

/** Units of unknown kind whose words begin with a small letter: "article 1". */
function smallUnits(placed: PlacedRecord[], profile: Profile): Problem[] {
  const lexicon = compileLexicon(profile)
  return placed.flatMap(({ record: { kind, level, number, heading, address, start }, line }) => {
    if (kind !== 'unit' || level !== profile.unnamed.name || number === null || heading === null) return []
    if (!readsSmall(heading, lexicon)) return []
    const message = `"${heading}" begins with a small letter: it is a unit of unknown kind, ${address}, and reads like a heading of a known one`
    return [createProblem('HEADING_SUSPECTED', message, { line, column: 1, start })]
  })
}

function problemOf(bytes: Uint8Array, { start, text, why }: NearHeading, placed: PlacedRecord[]): Problem {
  const holder = placed.findLast(({ record }) => record.start <= start)?.record
  const where =
    holder?.start === start && holder.kind !== 'other'
      ? `is read as ${holder.address}`
      : holder?.address == null
        ? 'stands outside of units'
        : `stands in the text of ${holder.address}`
  const { line } = positionOf(bytes, start)
  return createProblem('HEADING_SUSPECTED', `"${text}" reads like a heading and ${where}: ${why}`, {
    line,
    column: 1,
    start,
  })
}
