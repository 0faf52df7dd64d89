import type { Level, Profile, Syntax } from '../profiles/profile.ts'
import type { Heading } from './headings/heading-match.ts'

/** The kind of heading at which a document is cut. */
export interface LeafLevel {
  levels: Set<string>
  depth: number
  rank: number
  /** Start of the first heading that is cut. Headings of known kinds that begin before it hold it. */
  first: number
  /** Whether it is the narrowest container, because no kind of unit occurs. */
  isContainer: boolean
}

/** The level of numbers without a word, where a profile has it. */
const NUMBERED = 'numbered'

/**
 * Finds the kind of heading that is cut: of the levels with role `leaf`, the one with most numbered headings at one depth; on a tie the
 * one with more numbers, because numbers of parts begin again, then the wider one. Plain text that has only containers is cut at the narrowest of them. Returns null for Markdown without
 * known kinds. `levels` replaces the search: they were cut before, and a document keeps its reading.
 */
export function findLeafLevel(
  headings: Heading[],
  profile: Profile,
  syntax: Syntax,
  levels?: readonly string[],
): LeafLevel | null {
  const named = levels ?? (profile.leaves === 'most-frequent' ? null : profile.leaves)
  const wanted = named === null ? null : new Set(named)
  const holding = wanted === null && articlesHoldSections(headings) ? 'article' : null
  const isLeaf = (level: Level | undefined) =>
    wanted?.has(level?.name ?? profile.unnamed.name) ?? (level?.role === 'leaf' && level.name !== holding)
  // Markdown that was cut at every heading keeps that.
  if (levels?.every((name) => name === profile.unnamed.name) && syntax !== 'plain') return null
  const known = mostFrequent(headings, profile, isLeaf)
  const repeated =
    known ?? (syntax === 'plain' ? mostFrequent(headings, profile, (level) => level === undefined) : null)
  const hasLines = syntax === 'plain' || headings.every(({ paragraph }) => paragraph !== undefined)
  const best = repeated ?? (hasLines ? narrowest(headings, profile) : null)
  if (best === null) return null
  // The narrowest container, or an unknown word, is cut where none of the wanted levels occurs.
  const isWanted = isLeaf(findLevel(best.level, profile))
  const cut = wanted !== null && isWanted ? wanted : new Set([best.level!])
  const first = headings.find((heading) => heading.level !== null && cut.has(heading.level))!
  // Repeated unknown words rank below every known kind.
  const rank =
    findLevel(best.level, profile) === undefined ? profile.levels.length : levelRank(best.level, profile)
  return { levels: cut, depth: best.depth, rank, first: first.start, isContainer: repeated === null }
}

/**
 * Gives headings that have a number and no known word the level `numbered` of the profile, if there are more of them at one depth than
 * of any known kind: "1. Short title", "2. Meaning". Without such a level, or where it was not cut before (`levels`), nothing changes.
 */
export function nameNumberedHeadings(
  headings: Heading[],
  profile: Profile,
  levels?: readonly string[],
): Heading[] {
  const level = findLevel(NUMBERED, profile)
  if (level === undefined || levels?.includes(NUMBERED) === false) return headings
  const isBare = ({ level, number, paragraph, element }: Heading) =>
    level === null && number !== null && paragraph === undefined && element === undefined
  const depths = new Map<number, number>()
  for (const heading of headings)
    if (isBare(heading)) depths.set(heading.depth, (depths.get(heading.depth) ?? 0) + 1)
  const [depth, count = 0] = [...depths].sort(([, a], [, b]) => b - a)[0] ?? []
  const known = headings.filter(
    (heading) => heading.number !== null && findLevel(heading.level, profile)?.role === 'leaf',
  ).length
  if (levels === undefined && (count < FEWEST_NUMBERED || count <= known * KNOWN_WEIGHT)) return headings
  return headings.map((heading) =>
    isBare(heading) && heading.depth === depth ? { ...heading, level: NUMBERED } : heading,
  )
}

const FEWEST_NUMBERED = 2
/** A heading of a known kind counts as much as this many bare numbers. */
const KNOWN_WEIGHT = 3

function mostFrequent(
  headings: Heading[],
  profile: Profile,
  fits: (level: Level | undefined) => boolean,
): Heading | null {
  const counts = new Map<string, { count: number; heading: Heading; numbers: Set<string> }>()
  for (const heading of headings) {
    if (heading.number === null || heading.level === null || !fits(findLevel(heading.level, profile)))
      continue
    const key = `${heading.depth} ${heading.level}`
    const entry = counts.get(key)
    if (entry === undefined) counts.set(key, { count: 1, heading, numbers: new Set([heading.number]) })
    else {
      entry.count += 1
      entry.numbers.add(heading.number)
    }
  }
  const best = [...counts.values()].sort((a, b) => {
    const order = b.count - a.count || b.numbers.size - a.numbers.size
    return order || levelRank(a.heading.level, profile) - levelRank(b.heading.level, profile)
  })[0]
  return best?.heading ?? null
}

/** Fewest articles with sections of their own. */
const FEWEST_HOLDING = 2

/** Articles of by-laws hold sections whose numbers begin again: each first section stands directly below an article, and no other one does. */
export function articlesHoldSections(headings: Heading[]): boolean {
  const both = headings.filter(
    ({ level, number }) => number !== null && (level === 'article' || level === 'section'),
  )
  let holding = 0
  for (const [i, { level, sort }] of both.entries()) {
    if (level !== 'section') continue
    const isFirst = /^1(?!\d)/.test(sort!)
    if (isFirst !== (both[i - 1]?.level === 'article')) return false
    holding += Number(isFirst)
  }
  return holding >= FEWEST_HOLDING
}

function narrowest(headings: Heading[], profile: Profile): Heading | null {
  let best: Heading | null = null
  for (const heading of headings) {
    if (heading.level === null) continue
    if (best === null || levelRank(heading.level, profile) > levelRank(best.level, profile)) best = heading
  }
  return best
}

/** Returns the level of that name in the profile. */
export function findLevel(name: string | null, profile: Profile): Level | undefined {
  if (name === null) return undefined
  let known = byName.get(profile)
  if (known === undefined) {
    known = new Map(profile.levels.map((level, rank) => [level.name, { level, rank }]))
    byName.set(profile, known)
  }
  return known.get(name)?.level
}

/** Returns the place of a level in the profile, from the widest (0) on; -1 for a level that it does not have. */
export function levelRank(name: string | null, profile: Profile): number {
  return findLevel(name, profile) === undefined ? -1 : byName.get(profile)!.get(name!)!.rank
}

const byName = new WeakMap<Profile, Map<string, { level: Level; rank: number }>>()
