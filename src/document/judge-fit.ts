import type { Problem } from './diagnostics/problem.ts'
import type { Profile, Syntax } from './profiles/profile.ts'
import { findLevel } from './structure/leaf-level.ts'
import type { Outline } from './structure/outline.ts'
import type { PlacedRecord } from './structure/records.ts'

/** Confidence of a text that is cut at its chapters, because it has nothing narrower. */
const CONTAINERS_ALONE = 0.6

/**
 * Computes the confidence: one half for units of a kind that the profile knows, one quarter each for numbers and their order, less
 * the share of what may have been missed. Markdown or HTML gets a share for headings of unknown kind, because its syntax still
 * shows where they are. `merit` is the confidence without that share, to compare profiles with: the best one has often seen most of what it
 * may have missed.
 */
export function judgeFit(
  { boundaries, isContainer }: Outline,
  placed: PlacedRecord[],
  findings: Problem[],
  profile: Profile,
  syntax: Syntax,
): { confidence: number; merit: number; why: string } {
  const cut = placed
    .filter(({ record: { kind } }) => kind === 'unit' || kind === 'excluded')
    .map(({ record }) => record)
  const levels = new Set(cut.map(({ level }) => level))
  const missing = profile.detect.needs?.find((level) => !levels.has(level))
  if (missing !== undefined) return { confidence: 0, merit: 0, why: `no unit of level ${missing}` }
  if (cut.length === 0 || boundaries.length === 0)
    return { confidence: 0, merit: 0, why: 'no heading begins a unit' }
  const isAside = (level: string | null) =>
    /^(?:annex|aside)$/.test(findLevel(level, profile)?.role ?? '') || level === 'text'
  const main = cut.filter(({ level, number }) => number !== null || !isAside(level))
  const units = main.length > 0 ? main : cut
  const known = units.filter((unit) => unit.level !== profile.unnamed.name).length
  const numbered = units.filter((unit) => unit.number !== null).length
  const shown = syntax === 'plain' ? 0 : 0.3
  const share = (count: number) => count / units.length
  const breaks = findings.filter(({ code }) => code === 'NUMBER_GAP' || code === 'NUMBER_OUT_OF_ORDER').length
  const missed = findings.length - breaks
  const inOrder = share(numbered) * (1 - Math.min(1, share(breaks)))
  const kinds = share(known) * 0.5 + share(units.length - known) * shown
  // Annexes alone are a weak sign, because they do not show the text that they belong to.
  const aside = units.every(({ level }) => isAside(level)) ? 0.25 : 1
  const worth = aside * (isContainer ? CONTAINERS_ALONE : 1)
  const why = `${known} of ${units.length} units of a known kind, ${numbered} numbered, ${breaks} breaks in the numbers`
  const merit = (kinds + share(numbered) * 0.25 + inOrder * 0.25) * worth
  const confidence = merit * (units.length / (units.length + missed))
  return {
    merit,
    confidence: Math.round(confidence * 100) / 100,
    why: missed === 0 ? why : `${why}, ${missed} ${missed === 1 ? 'sign' : 'signs'} of missed headings`,
  }
}
