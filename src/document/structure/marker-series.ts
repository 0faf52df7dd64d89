import type { Profile } from '../profiles/profile.ts'
import type { Heading } from './headings/heading-match.ts'
import { findLevel, levelRank } from './leaf-level.ts'

/**
 * A number between mere signs ("1.", "(a)", "1.2.3") may also number a list. It counts as a heading only if it starts a series
 * or continues one. A small gap may be a gap of the text, which the scan reports.
 */

const WIDEST_GAP = 5

interface Series {
  first: Heading
  count: number
  ordinal: number[]
  indent: number
  /** Whether each is a title and no text stands between any two so far. It may be a table of contents. */
  bare: boolean
  /** Whether a wider heading follows, so that the numbers may restart. */
  over: boolean
  /** Whether that was a heading of chapters only, so that the numbers may also run on. */
  mayRunOn: boolean
}

/** Removes the weak headings that do not fit their series. `headings` are in the order of the text. */
export function keepMarkerSeries(headings: Heading[], profile: Profile): Heading[] {
  if (!headings.some(({ weak }) => weak !== undefined)) return headings
  const series = new Map<string, Series>()
  const kept: Heading[] = []
  for (const heading of headings) {
    const { level, weak, start } = heading
    // One marker may have two readings ("I." is a letter or 1). The first that continues its series counts.
    if (weak !== undefined && kept.at(-1)?.start === start) continue
    if (weak !== undefined) {
      const before = series.get(level!)
      const fits = before !== undefined && continuesSeries(before, heading)
      if (!fits && !startsSeries(before, weak.ordinal)) continue
      // The same numbers come a second time, now with the text: the headings before were a table of contents.
      if (!fits && isContents(before)) kept.length = kept.lastIndexOf(before.first)
      if (fits) extendSeries(before, heading)
      else series.set(level!, newSeries(heading, findLevel(level, profile)?.title === 'required'))
    }
    kept.push(heading)
    if (level !== null || weak === undefined) endNarrowerSeries(series, level, profile)
  }
  return kept
}

function newSeries(heading: Heading, titled: boolean): Series {
  const { ordinal, indent } = heading.weak!
  return { first: heading, count: 1, ordinal, indent, bare: titled, over: false, mayRunOn: true }
}

function isContents(series: Series | undefined): series is Series {
  return series?.bare === true && series.count > 2
}

function extendSeries(series: Series, heading: Heading): void {
  const { ordinal, textBefore } = heading.weak!
  series.count += 1
  series.ordinal = ordinal
  series.over = false
  series.mayRunOn = true
  series.bare &&= textBefore === 0
}

/** A wider heading ends the series of narrower ones. */
function endNarrowerSeries(series: Map<string, Series>, level: string | null, profile: Profile): void {
  const rank = levelRank(level, profile)
  const role = findLevel(level, profile)?.role
  for (const [name, each] of series) {
    if (levelRank(name, profile) <= rank) continue
    each.over = true
    each.mayRunOn &&= role === undefined || role === 'container'
  }
}

function continuesSeries(series: Series, { weak }: Heading): boolean {
  const { ordinal, indent } = weak!
  if (Math.abs(series.indent - indent) > 1 || (series.over && !series.mayRunOn)) return false
  // Behind a heading of a chapter numbers may restart or run on, but without a gap.
  return follows(series.ordinal, ordinal, series.over ? 1 : WIDEST_GAP)
}

function startsSeries(before: Series | undefined, ordinal: number[]): boolean {
  if (!ordinal.every((part) => part <= 1 || part >= LETTER)) return false
  return before === undefined || before.over || isContents(before)
}

/** Letters of annexes (A.1) count in thousands from 65,000 on, so that they sort behind all numbers. */
const LETTER = 65_000

function follows(before: number[], after: number[], widestGap: number): boolean {
  const at = after.findIndex((part, i) => part !== before[i])
  if (at < 0) return false
  const rest = after.slice(at + 1)
  if (rest.some((part) => part > 1)) return false
  if (at >= before.length) return after[at]! <= 1
  const step = after[at]! - before[at]!
  if (after[at]! >= LETTER) return at === 0 && (before[0]! < LETTER || step === 1000)
  return step > 0 && step <= widestGap
}
