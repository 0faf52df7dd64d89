import type { Found, Heading } from './found.ts'
import { type Leaf, leafOf, levelNamed, rankOf } from './leaf.ts'
import { settleLetters } from './letters.ts'
import type { Profile } from './profile.ts'

/** A heading that begins a record. The others stay inside the record before them. */
export interface Boundary {
  heading: Heading
  kind: 'unit' | 'container' | 'other'
  /** Level for the address and the record: the profile's name and code. */
  level: { name: string; code: string }
  /** Where it stands: a lower order holds a higher one. */
  order: number
}

type Draft = Omit<Boundary, 'kind'> & { kind: Boundary['kind'] | 'holder' | 'holder-or-unit' }

/** Decides which headings are cut, which hold others, and which are neither. */
export function outline(found: Found, profile: Profile): Boundary[] {
  const headings = settleLetters(found.headings)
  const leaf = leafOf(headings, profile)
  const drafts: Draft[] = []
  for (const heading of headings) {
    const draft = leaf === null ? everyHeading(heading, profile) : classify(heading, leaf, headings, profile)
    if (draft !== null) drafts.push(draft)
  }
  return settleHolders(drafts)
}

function everyHeading(heading: Heading, profile: Profile): Draft {
  return { heading, kind: 'unit', level: nameOf(heading, profile), order: heading.depth }
}

function classify(heading: Heading, leaf: Leaf, headings: Heading[], profile: Profile): Draft | null {
  const level = levelNamed(heading.level, profile)
  const rank = rankOf(heading.level, profile)
  const draft = { heading, level: nameOf(heading, profile), order: heading.depth + (rank + 1) / 100 }
  // Of the kind that is cut: a unit at whatever depth, rather than lost in the unit before it.
  if (heading.level !== null && leaf.levels.has(heading.level)) return { ...draft, kind: 'unit', order: 99 }
  if (heading.depth > leaf.depth) return null
  if (level?.role === 'annex') return { ...draft, kind: 'holder-or-unit', order: heading.depth }
  const above = heading.depth < leaf.depth || (rank >= 0 && (rank < leaf.rank || heading.start < leaf.first))
  if (!above && profile.syntax === 'plain') return null
  if (!above) return { ...draft, kind: 'unit', order: 99 }
  if (level !== undefined && level.role !== 'leaf') return { ...draft, kind: 'container' }
  return { ...draft, kind: isDocumentTitle(heading, headings) ? 'other' : 'holder' }
}

/** The first heading and the only one of its depth, without a number: the title, which holds the whole document. */
function isDocumentTitle(heading: Heading, headings: Heading[]): boolean {
  if (heading !== headings[0] || heading.number !== null) return false
  return !headings.some((each) => each !== heading && each.depth <= heading.depth)
}

/** Looks back from the end: whatever holds no unit until the next heading of its own order is no container. */
function settleHolders(drafts: Draft[]): Boundary[] {
  const settled: Boundary[] = []
  const later: { order: number; index: number }[] = []
  let nextUnit = drafts.length
  for (let i = drafts.length - 1; i >= 0; i--) {
    const draft = drafts[i]!
    while (later.length > 0 && later.at(-1)!.order > draft.order) later.pop()
    const end = later.at(-1)?.index ?? drafts.length
    const holds = nextUnit < end
    const kind = kindOf(draft.kind, holds)
    if (kind === 'unit') nextUnit = i
    later.push({ order: draft.order, index: i })
    settled.push({ ...draft, kind })
  }
  return settled.reverse()
}

function kindOf(kind: Draft['kind'], holds: boolean): Boundary['kind'] {
  if (kind === 'holder') return holds ? 'container' : 'other'
  if (kind === 'holder-or-unit') return holds ? 'container' : 'unit'
  return kind
}

function nameOf(heading: Heading, profile: Profile): { name: string; code: string } {
  const level = levelNamed(heading.level, profile)
  return level === undefined ? profile.unnamed : { name: level.name, code: level.code }
}
