import type { Profile, Syntax } from '../../profiles/profile.ts'
import type { Heading, SyntaxReading } from './headings/heading-match.ts'
import { findLeafLevel, findLevel, type LeafLevel, levelRank } from './leaf-level.ts'
import { keepMarkerSeries } from './marker-series.ts'
import { resolveLetterNumbers } from './numerals/letter-numbering.ts'

/** A heading that begins a record. The other headings stay inside the record before them. */
export interface Boundary {
  heading: Heading
  kind: 'unit' | 'container' | 'other'
  /** Level for the address and the record: the profile's name and code. */
  level: { name: string; code: string }
  /** Its place in the hierarchy: a lower order holds a higher one. */
  order: number
  /** Whether narrower records are inside of it. */
  holds: boolean
  /** Whether it is the document's own title. */
  isTitle: boolean
}

/** The headings that begin records, and the levels that are cut. */
interface Outline {
  boundaries: Boundary[]
  levels: string[]
}

interface Draft {
  heading: Heading
  kind: Boundary['kind'] | 'holder' | 'holder-or-unit'
  level: { name: string; code: string }
  order: number
  isTitle?: boolean
}

/** Order of units that hold others: below all containers and above everything that holds nothing. */
const HOLDING_UNITS = 50
/** Order of HTML elements that bear their number; their nesting depth is added. */
const ELEMENTS = 20
/** Deeper elements count as siblings, which bounds the number of open elements. */
const DEEPEST_ELEMENT = 20

/** Decides which headings are units, which hold others, and which are neither. */
export function buildOutline(
  found: SyntaxReading,
  profile: Profile,
  syntax: Syntax,
  levels?: readonly string[],
): Outline {
  const headings = resolveLetterNumbers(keepMarkerSeries(found.headings, profile))
  const leaf = findLeafLevel(headings, profile, syntax, levels)
  const drafts: Draft[] = []
  for (const heading of headings) {
    const draft =
      leaf === null ? everyHeading(heading, profile) : classify(heading, leaf, headings, { profile, syntax })
    if (draft !== null) drafts.push(draft)
  }
  return {
    boundaries: settleHolders(drafts, profile),
    levels: leaf === null ? [profile.unnamed.name] : [...leaf.levels].sort(),
  }
}

function everyHeading(heading: Heading, profile: Profile): Draft {
  return { heading, kind: 'unit', level: nameOf(heading, profile), order: heading.depth }
}

function classify(
  heading: Heading,
  leaf: LeafLevel,
  headings: Heading[],
  { profile, syntax }: { profile: Profile; syntax: Syntax },
): Draft | null {
  const level = findLevel(heading.level, profile)
  const rank = levelRank(heading.level, profile)
  const draft = { heading, level: nameOf(heading, profile), order: heading.depth + (rank + 1) / 100 }
  if (heading.element !== undefined) {
    return { ...draft, kind: 'holder-or-unit', order: ELEMENTS + Math.min(heading.element, DEEPEST_ELEMENT) }
  }
  if (level?.role === 'unit') {
    return { ...draft, kind: 'unit', order: HOLDING_UNITS + rank + (heading.weak?.ordinal.length ?? 0) / 100 }
  }
  // A heading of the kind that is cut is a unit at any depth. Otherwise its text would be lost in the unit before it.
  if (heading.level !== null && leaf.levels.has(heading.level)) return { ...draft, kind: 'unit', order: 99 }
  if (heading.depth > leaf.depth) return null
  if (level?.role === 'annex' || level?.role === 'branch')
    return { ...draft, kind: 'holder-or-unit', order: heading.depth }
  const above = heading.depth < leaf.depth || (rank >= 0 && (rank < leaf.rank || heading.start < leaf.first))
  if (!above && syntax === 'plain') return null
  if (!above) return { ...draft, kind: 'unit', order: 99 }
  if (level !== undefined && level.role !== 'leaf') return { ...draft, kind: 'container' }
  const isTitle = isDocumentTitle(heading, headings)
  return { ...draft, kind: isTitle ? 'other' : 'holder', isTitle }
}

/** The title is the first heading and the only one of its depth, without a number. It holds the complete document. */
function isDocumentTitle(heading: Heading, headings: Heading[]): boolean {
  if (heading !== headings[0] || heading.number !== null) return false
  return !headings.some((each) => each !== heading && each.depth <= heading.depth)
}

/** Goes through the headings from the end: a heading without a unit before the next heading of its order is not a container. */
function settleHolders(drafts: Draft[], profile: Profile): Boundary[] {
  const settled: Boundary[] = []
  const later: { order: number; index: number }[] = []
  let nextUnit = drafts.length
  for (let i = drafts.length - 1; i >= 0; i--) {
    const { heading, level, order, isTitle = false, ...draft } = drafts[i]!
    while (later.length > 0 && later.at(-1)!.order > order) later.pop()
    const end = later.at(-1)?.index ?? drafts.length
    const inside = heading.end === undefined || (drafts[nextUnit]?.heading.start ?? 0) < heading.end
    const kind = kindOf(draft.kind, nextUnit < end && inside)
    if (kind === 'unit') nextUnit = i
    later.push({ order, index: i })
    const holds = kind === 'container' || (kind === 'unit' && isHoldingUnit(heading, profile))
    settled.push({ heading, kind, level, order, holds, isTitle })
  }
  return settled.reverse()
}

function isHoldingUnit(heading: Heading, profile: Profile): boolean {
  return findLevel(heading.level, profile)?.role === 'unit'
}

function kindOf(kind: Draft['kind'], holds: boolean): Boundary['kind'] {
  if (kind === 'holder') return holds ? 'container' : 'other'
  if (kind === 'holder-or-unit') return holds ? 'container' : 'unit'
  return kind
}

function nameOf(heading: Heading, profile: Profile): { name: string; code: string } {
  const level = findLevel(heading.level, profile)
  return level === undefined ? profile.unnamed : { name: level.name, code: level.code }
}
