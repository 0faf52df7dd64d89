import type { Level, Profile, Syntax } from '../../profiles/profile.ts'
import type { Heading } from './headings/heading-match.ts'

/** The kind of heading at which a document is cut. */
export interface LeafLevel {
  levels: Set<string>
  depth: number
  rank: number
  /** Start of the first heading that is cut. Headings of known kinds that begin before it hold it. */
  first: number
}

/**
 * Finds the kind of heading that is cut: of the levels with role `leaf`, the one with most numbered headings at one depth, the
 * wider level on a tie. Plain text that has only containers is cut at the narrowest of them. Returns null for Markdown without
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
  const isLeaf = (level: Level | undefined) =>
    wanted?.has(level?.name ?? profile.unnamed.name) ?? level?.role === 'leaf'
  // Markdown that was cut at every heading keeps that.
  if (levels?.every((name) => name === profile.unnamed.name) && syntax !== 'plain') return null
  const best =
    mostFrequent(headings, profile, isLeaf) ??
    (syntax === 'plain' ? mostFrequent(headings, profile, (level) => level === undefined) : null) ??
    (syntax === 'plain' ? narrowest(headings, profile) : null)
  if (best === null) return null
  // The narrowest container, or an unknown word, is cut where none of the wanted levels occurs.
  const isWanted = isLeaf(findLevel(best.level, profile))
  const cut = wanted !== null && isWanted ? wanted : new Set([best.level!])
  const first = headings.find((heading) => heading.level !== null && cut.has(heading.level))!
  // Repeated unknown words rank below every known kind.
  const rank =
    findLevel(best.level, profile) === undefined ? profile.levels.length : levelRank(best.level, profile)
  return { levels: cut, depth: best.depth, rank, first: first.start }
}

function mostFrequent(
  headings: Heading[],
  profile: Profile,
  fits: (level: Level | undefined) => boolean,
): Heading | null {
  const counts = new Map<string, { count: number; heading: Heading }>()
  for (const heading of headings) {
    if (heading.number === null || heading.level === null || !fits(findLevel(heading.level, profile)))
      continue
    const key = `${heading.depth} ${heading.level}`
    const entry = counts.get(key)
    if (entry === undefined) counts.set(key, { count: 1, heading })
    else entry.count += 1
  }
  const best = [...counts.values()].sort((a, b) => {
    return b.count - a.count || levelRank(a.heading.level, profile) - levelRank(b.heading.level, profile)
  })[0]
  return best?.heading ?? null
}

function narrowest(headings: Heading[], profile: Profile): Heading | null {
  let best: Heading | null = null
  for (const heading of headings) {
    if (best === null || levelRank(heading.level, profile) > levelRank(best.level, profile)) best = heading
  }
  return best
}

/** Returns the level of that name in the profile. */
export function findLevel(name: string | null, profile: Profile): Level | undefined {
  return profile.levels.find((level) => level.name === name)
}

/** Returns the place of a level in the profile, from the widest (0) on; -1 for a level that it does not have. */
export function levelRank(name: string | null, profile: Profile): number {
  return profile.levels.findIndex((level) => level.name === name)
}
