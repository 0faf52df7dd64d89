import type { Profile, Syntax } from '../profiles/profile.ts'
import type { Doubt, Heading, SyntaxReading } from './headings/heading-match.ts'
import { articlesHoldSections, findLeafLevel, findLevel, type LeafLevel, levelRank } from './leaf-level.ts'
import { findOwnText, isBlank } from './own-text.ts'
import { settleHeadings } from './settle-headings.ts'
import { withoutTitlesOfUnits } from './titles-of-units.ts'

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

/** The headings that begin records, the levels that are cut, and the lines that read like headings and are none. */
export interface Outline {
  boundaries: Boundary[]
  levels: string[]
  doubts: Doubt[]
  /** Whether the text is cut at its containers, because it has nothing narrower. */
  isContainer: boolean
}

/** A boundary whose `kind` and `holds` are not settled before all that stands behind it. */
interface Draft extends Boundary {
  drafted: Boundary['kind'] | 'holder' | 'holder-or-unit'
}

/** Each draft is one object of one shape, which is settled in its place: a text has tens of thousands. */
function draftOf(
  heading: Heading,
  drafted: Draft['drafted'],
  level: Boundary['level'],
  order: number,
  isTitle = false,
): Draft {
  return { heading, kind: 'other', level, order, holds: false, isTitle, drafted }
}

/** Order of units that hold others: below all containers and above everything that holds nothing. */
const HOLDING_UNITS = 50
/** Order of HTML elements that bear their number; their nesting depth is added. */
const ELEMENTS = 20
/** Deeper elements count as siblings, which bounds the number of open elements. */
const DEEPEST_ELEMENT = 20
/** Order of units that hold nothing. */
const UNITS = 99

/** Decides which headings are units, which hold others, and which are neither. */
export function buildOutline(
  bytes: Uint8Array,
  found: SyntaxReading,
  profile: Profile,
  syntax: Syntax,
  levels?: readonly string[],
): Outline {
  const { headings: settled, doubts } = settleHeadings(bytes, found, profile, syntax, levels)
  const leaf = findLeafLevel(settled, profile, syntax, levels)
  const headings = leaf === null ? settled : withoutTitlesOfUnits(bytes, settled, leaf)
  const below = leaf === null ? new Set<Heading>() : findBelow(bytes, headings, leaf, profile)
  const place = { leaf, headings, below, profile, syntax, ranks: rankLevels(headings, profile) }
  const drafts: Draft[] = []
  const left: Heading[] = []
  for (const heading of headings) {
    const draft = leaf === null ? everyHeading(heading, profile) : classify(heading, { ...place, leaf })
    if (draft !== null) drafts.push(draft)
    else if (findLevel(heading.level, profile)?.role === 'leaf' && heading.after > heading.start)
      left.push(heading)
  }
  if (left.length > 0) doubts.push(...findOtherKinds(left, drafts))
  return {
    boundaries: settleTexts(bytes, settleHolders(drafts, profile), profile),
    levels: leaf === null ? [profile.unnamed.name] : [...leaf.levels].sort(),
    doubts,
    isContainer: leaf?.isContainer ?? false,
  }
}

/** Most headings of another kind that may be units of the text. More are parts of its units. */
const FEW = 2

/** Headings of another kind that have the number behind that of the unit before them: "Clause 3" behind "Article 2". */
function findOtherKinds(left: Heading[], drafts: Draft[]): Doubt[] {
  const units = drafts.filter(({ drafted, heading }) => drafted === 'unit' && heading.number !== null)
  return left.flatMap(({ line, start, text, level, number, sort }) => {
    if (left.filter((each) => each.level === level).length > FEW) return []
    const next = units.findIndex(({ heading }) => heading.start > start)
    const [before, after] = next < 0 ? [units.at(-1), undefined] : [units[next - 1], units[next]]
    const wanted = Number(before?.heading.number) + 1
    if (Number(number) !== wanted || Number(after?.heading.number) === wanted) return []
    const why = 'it is of another kind than the unit before it, and has the next number'
    return [{ line, start, text, level: before!.heading.level ?? level!, number, sort, isBare: true, why }]
  })
}

function everyHeading(heading: Heading, profile: Profile): Draft {
  return draftOf(heading, 'unit', nameOf(heading, profile), heading.depth)
}

interface Place {
  leaf: LeafLevel
  headings: Heading[]
  /** Headings deeper than the units that belong to what follows. */
  below: Set<Heading>
  profile: Profile
  syntax: Syntax
  ranks: (level: string | null) => number
}

function classify(heading: Heading, { leaf, headings, below, profile, syntax, ranks }: Place): Draft | null {
  const level = findLevel(heading.level, profile)
  const rank = ranks(heading.level)
  const draft = (
    drafted: Draft['drafted'],
    order = heading.depth + (rank + 1) / 100,
    isTitle = false,
  ): Draft => draftOf(heading, drafted, level ?? profile.unnamed, order, isTitle)
  if (heading.element !== undefined)
    return draft('holder-or-unit', ELEMENTS + Math.min(heading.element, DEEPEST_ELEMENT))
  if (level?.role === 'unit')
    return draft('unit', HOLDING_UNITS + rank + (heading.weak?.ordinal.length ?? 0) / 100)
  // A heading of the kind that is cut is a unit at any depth. Otherwise its text would be lost in the unit before it.
  if (heading.level !== null && leaf.levels.has(heading.level)) return draft('unit', UNITS)
  if (level?.role === 'aside') return draft('unit', UNITS)
  if (level?.role === 'annex') return draft('holder-or-unit', heading.depth)
  if (below.has(heading)) return draft(level === undefined ? 'holder' : 'container')
  const isLine = heading.paragraph !== undefined || syntax === 'plain'
  const isWider = rank >= 0 && (rank < leaf.rank || heading.start < leaf.first)
  // The beginning of a paragraph has no depth of its own: only its words say what it holds.
  if (heading.paragraph !== undefined && syntax !== 'plain') {
    const holds = rank !== levelRank(heading.level, profile) && heading.number !== null
    const isLeaf = level?.role === 'leaf'
    if (!isWider || (isLeaf && !holds)) return null
    return draft(isLeaf ? 'holder-or-unit' : 'container', 6 + (rank + 1) / 100)
  }
  if (heading.depth > leaf.depth) return null
  if (level?.role === 'branch') return draft('holder-or-unit', heading.depth)
  const above = heading.depth < leaf.depth || isWider
  if (!above) return isLine ? null : draft('unit', UNITS)
  if (level !== undefined)
    return draft(level.role === 'leaf' && heading.number !== null ? 'holder-or-unit' : 'container')
  const isTitle = isDocumentTitle(heading, headings)
  return draft(isTitle ? 'other' : 'holder', undefined, isTitle)
}

/** A section before the first chapter holds chapters: in some countries the word means the wider part. */
function rankLevels(headings: Heading[], profile: Profile): (level: string | null) => number {
  const [section, chapter] = ['section', 'chapter'].map((name) =>
    headings.find(({ level }) => level === name),
  )
  const isWide = section !== undefined && chapter !== undefined && section.start < chapter.start
  const wide = levelRank('chapter', profile) - 0.5
  const holding = articlesHoldSections(headings) ? levelRank('section', profile) - 0.5 : null
  return (level) => {
    if (isWide && level === 'section') return wide
    return holding !== null && level === 'article' ? holding : levelRank(level, profile)
  }
}

/**
 * Finds headings deeper than the units that have no text of their own and directly precede a unit: a chapter's heading is not text of
 * the article before it, however deep it stands.
 */
function findBelow(bytes: Uint8Array, headings: Heading[], leaf: LeafLevel, profile: Profile): Set<Heading> {
  const below = new Set<Heading>()
  for (let i = headings.length - 2; i >= 0; i--) {
    const [heading, next] = [headings[i]!, headings[i + 1]!]
    const isCut = heading.level !== null && leaf.levels.has(heading.level)
    if (isCut || heading.depth <= leaf.depth || heading.paragraph !== undefined) continue
    const role = findLevel(heading.level, profile)?.role
    const leads = (next.level !== null && leaf.levels.has(next.level)) || below.has(next)
    if (!leads || findOwnText(bytes, heading.after, next.start, 1) !== null) continue
    const before = headings[i - 1]
    // A heading of unknown words may be the title of an article without any other text.
    const hasText = before !== undefined && findOwnText(bytes, before.after, heading.start, 1) !== null
    if (role === 'container' || (role === undefined && hasText && heading.mark === null)) below.add(heading)
  }
  return below
}

/** The title is the first heading, without a number and a known word, and the only such one of its depth. It holds the complete document. */
function isDocumentTitle(heading: Heading, headings: Heading[]): boolean {
  if (heading !== headings[0] || heading.number !== null) return false
  return !headings.some((each) => each !== heading && each.depth <= heading.depth && each.level === null)
}

/** Goes through the headings from the end: a heading without a unit before the next heading of its order is not a container. */
function settleHolders(drafts: Draft[], profile: Profile): Boundary[] {
  const later: { order: number; index: number }[] = []
  let nextUnit = drafts.length
  for (let i = drafts.length - 1; i >= 0; i--) {
    const draft = drafts[i]!
    const { heading, order } = draft
    let place = later.at(-1)
    for (; place !== undefined && place.order > order; place = later.at(-1)) later.pop()
    const end = place?.index ?? drafts.length
    const inside = heading.end === undefined || (drafts[nextUnit]?.heading.start ?? 0) < heading.end
    const kind = kindOf(draft.drafted, nextUnit < end && inside)
    if (kind === 'unit') nextUnit = i
    // Of several places with one order the first in the text bounds what stands before it.
    if (place !== undefined && place.order === order) place.index = i
    else later.push({ order, index: i })
    draft.kind = kind
    draft.holds = kind === 'container' || (kind === 'unit' && isHoldingUnit(heading, profile))
  }
  return drafts
}

function isHoldingUnit(heading: Heading, profile: Profile): boolean {
  return findLevel(heading.level, profile)?.role === 'unit'
}

function kindOf(kind: Draft['drafted'], holds: boolean): Boundary['kind'] {
  if (kind === 'holder') return holds ? 'container' : 'other'
  if (kind === 'holder-or-unit') return holds ? 'container' : 'unit'
  return kind
}

/** A heading of unknown words is a unit if it has text of its own, and only a heading if nothing stands below it. */
function settleTexts(bytes: Uint8Array, boundaries: Boundary[], profile: Profile): Boundary[] {
  return boundaries.map((boundary, i) => {
    const { heading, kind, level, isTitle } = boundary
    if (level.name !== profile.unnamed.name || isTitle || kind === 'container' || heading.number !== null)
      return boundary
    const next = boundaries[i + 1]
    const end = Math.min(next?.heading.start ?? bytes.length, heading.end ?? bytes.length)
    if (kind === 'other' && findOwnText(bytes, heading.after, end) !== null)
      return { ...boundary, kind: 'unit' as const, order: UNITS }
    const leads =
      kind === 'unit' && boundary.order === UNITS && next !== undefined && isBlank(bytes, heading.after, end)
    return leads ? { ...boundary, kind: 'other' as const } : boundary
  })
}

function nameOf(heading: Heading, profile: Profile): Boundary['level'] {
  return findLevel(heading.level, profile) ?? profile.unnamed
}
