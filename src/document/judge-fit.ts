import type { Problem } from './diagnostics/problem.ts'
import type { Profile, Syntax } from './profiles/profile.ts'
import { findLevel } from './structure/leaf-level.ts'
import type { Outline } from './structure/outline.ts'
import type { PlacedRecord, ScanRecord } from './structure/records.ts'

/** A list in a text is no reading of that text. */
const LIST_IN_TEXT = 0.2
/** Minimum share (0 to 1) of a text that its numbered rules have. */
const RULES_SHARE = 0.6
/** A text that was read for less than this is found all the same, with findings that need to be accepted. */
const LEAST_SHARE = 0.5
const BREAKS: ReadonlySet<string> = new Set(['NUMBER_GAP', 'NUMBER_OUT_OF_ORDER', 'NUMBER_STARTS_LATE'])
/** Confidence of a text that is cut at its chapters, because it has nothing narrower. */
const CONTAINERS_ALONE = 0.6

/**
 * Computes the confidence: one half for units of a kind that the profile knows, one quarter each for numbers and their order, less
 * the share of what may have been missed (`share` is what was read of text and numbers). Markdown or HTML gets a share for headings of unknown kind, because its syntax still
 * shows where they are. `merit` is the confidence without that share, to compare profiles with: the best one has often seen most of what it
 * may have missed.
 */
export function judgeFit(
  { boundaries, isContainer }: Outline,
  placed: PlacedRecord[],
  findings: Problem[],
  share: number,
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
    /^(?:annex|aside)$/.test(findLevel(level, profile)?.role ?? '') ||
    level === 'text' ||
    level === 'preamble'
  const main = cut.filter(({ level, number }) => number !== null || !isAside(level))
  const units = main.length > 0 ? main : cut
  const known = units.filter((unit) => unit.level !== profile.unnamed.name).length
  const numbered = units.filter((unit) => unit.number !== null).length
  const shown = syntax === 'plain' ? 0 : 0.3
  const of = (count: number) => count / units.length
  const breaks = findings.filter(({ code }) => BREAKS.has(code)).length
  const missed = findings.length - breaks
  const inOrder = of(numbered) * (1 - Math.min(1, of(breaks)))
  const kinds = of(known) * 0.5 + of(units.length - known) * shown
  // Annexes alone are a weak sign, because they do not show the text that they belong to.
  const aside = units.every(({ level }) => isAside(level)) ? 0.25 : 1
  const list = isListInText(cut, placed, profile) ? LIST_IN_TEXT : 1
  const worth = aside * list * (isContainer ? CONTAINERS_ALONE : 1)
  const why = `${known} of ${units.length} units of a known kind, ${numbered} numbered, ${breaks} breaks in the numbers`
  const merit = (kinds + of(numbered) * 0.25 + inOrder * 0.25) * worth
  const confidence = merit * (units.length / (units.length + missed)) * Math.max(LEAST_SHARE, share)
  return {
    merit,
    confidence: Math.round(confidence * 100) / 100,
    why: missed === 0 ? why : `${why}, ${missed} ${missed === 1 ? 'sign' : 'signs'} of missed headings`,
  }
}

/**
 * Whether numbers without a word are only a list somewhere in the text, as in a readme or a short licence. Behind a list the last item
 * seems to have all that follows, so it counts as much as the longest of the others.
 */
function isListInText(cut: ScanRecord[], placed: PlacedRecord[], { detect, levels }: Profile): boolean {
  if (detect.when !== 'fallback') return false
  const marked = new Set(
    levels.filter(({ headings, marks }) => headings.length === 0 && marks.length > 0).map(({ name }) => name),
  )
  const size = ({ start, end }: ScanRecord) => end - start
  const items = cut.filter(({ level }) => level !== null && marked.has(level))
  const last = items.at(-1)
  if (last === undefined) return false
  const others = items.slice(0, -1).map(size)
  const annexes = cut.filter(({ level }) => level === 'annex').map(size)
  const listed = [...others, ...annexes, Math.min(size(last), Math.max(0, ...others))]
  const length = placed.at(-1)!.record.end
  return listed.reduce((sum, each) => sum + each, 0) < length * RULES_SHARE
}
