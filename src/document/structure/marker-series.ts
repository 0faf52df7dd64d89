import type { Profile } from '../profiles/profile.ts'
import type { Heading } from './headings/heading-match.ts'
import { findLevel, levelRank } from './leaf-level.ts'

/**
 * A number behind mere signs ("1.", "(a)", "1.2.3") may as well be that of a list. It counts where its series begins at the
 * beginning and goes on from the one before; a small gap may be one of the text, and is told as such.
 */

const WIDEST_GAP = 5

interface Series {
  first: Heading
  count: number
  ordinal: number[]
  indent: number
  /** Whether each is a title and no text stood between any two so far: then it may be a table of contents. */
  bare: boolean
  /** Whether something wider came behind it, so that the numbers may begin anew. */
  over: boolean
}

/** Leaves out the weak headings that don't fit their series. `headings` in the order of the text. */
export function keepMarkerSeries(headings: Heading[], profile: Profile): Heading[] {
  if (!headings.some(({ weak }) => weak !== undefined)) return headings
  const series = new Map<string, Series>()
  const kept: Heading[] = []
  for (const heading of headings) {
    const { level, weak, start } = heading
    // One mark may be read in two ways ("I." is a letter or 1): the first that goes on counts.
    if (weak !== undefined && kept.at(-1)?.start === start) continue
    if (weak !== undefined) {
      const before = series.get(level!)
      const fits = before !== undefined && goesOn(before, heading)
      if (!fits && !beginsAnew(before, weak.ordinal)) continue
      // The same numbers once more, with the text this time: what came before was a table of contents.
      if (!fits && isContents(before)) kept.length = kept.lastIndexOf(before.first)
      if (fits) lengthen(before, heading)
      else series.set(level!, aSeries(heading, findLevel(level, profile)?.title === 'required'))
    }
    kept.push(heading)
    if (level !== null) end(series, levelRank(level, profile), profile)
  }
  return kept
}

function aSeries(heading: Heading, titled: boolean): Series {
  const { ordinal, indent } = heading.weak!
  return { first: heading, count: 1, ordinal, indent, bare: titled, over: false }
}

function isContents(series: Series | undefined): series is Series {
  return series?.bare === true && series.count > 2
}

function lengthen(series: Series, heading: Heading): void {
  const { ordinal, textBefore } = heading.weak!
  series.count += 1
  series.ordinal = ordinal
  series.bare &&= textBefore === 0
}

/** What is wider ends the series of what is narrower. */
function end(series: Map<string, Series>, rank: number, profile: Profile): void {
  for (const [name, each] of series) each.over ||= rank >= 0 && levelRank(name, profile) > rank
}

function goesOn(series: Series, { weak }: Heading): boolean {
  const { ordinal, indent } = weak!
  return !series.over && Math.abs(series.indent - indent) <= 1 && follows(series.ordinal, ordinal)
}

function beginsAnew(before: Series | undefined, ordinal: number[]): boolean {
  if (!ordinal.every((part) => part <= 1 || part >= LETTER)) return false
  return before === undefined || before.over || isContents(before)
}

/** Letters of annexes (A.1) count from here on in thousands, so that they stand behind all numbers. */
const LETTER = 65_000

function follows(before: number[], after: number[]): boolean {
  const at = after.findIndex((part, i) => part !== before[i])
  if (at < 0) return false
  const rest = after.slice(at + 1)
  if (rest.some((part) => part > 1)) return false
  if (at >= before.length) return after[at]! <= 1
  const step = after[at]! - before[at]!
  if (after[at]! >= LETTER) return at === 0 && (before[0]! < LETTER || step === 1000)
  return step > 0 && step <= WIDEST_GAP
}
