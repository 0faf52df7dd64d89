import type { Profile } from '../profiles/profile.ts'
import type { Heading } from './headings/heading-match.ts'
import { findLevel, levelRank } from './leaf-level.ts'

/**
 * A number between mere signs ("1.", "(a)", "1.2.3") may also number a list. It counts as a heading only if it starts a series
 * or continues one. A small gap may be a gap of the text, which the scan reports.
 */

const WIDEST_GAP = 5

/** Why a heading of a series is a doubt. */
export type SeriesDoubt = 'again' | 'in-list' | 'unfit' | 'behind-text'

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
  /** The last number of a list with the same marks inside of it, or null. */
  list: number | null
  listStart: Heading | null
}

/**
 * Removes the weak headings that do not fit their series. `headings` are in the order of the text. `doubt` is called with each kept
 * heading whose number also continues a list that begins inside of the series (`in-list`: the series may be made of lists), and with the
 * removed heading at which numbers begin again and run as far as those of the series (`again`), or that comes too far behind (`unfit`) or may stand inside of a sentence (`behind-text`).
 */
export function keepMarkerSeries(
  headings: Heading[],
  profile: Profile,
  doubt: (heading: Heading, why: SeriesDoubt) => void,
): Heading[] {
  if (!headings.some(({ weak }) => weak !== undefined)) return headings
  const series = new Map<string, Series>()
  const kept: Heading[] = []
  for (const heading of headings) {
    const { level, weak, start } = heading
    // One marker may have two readings ("I." is a letter or 1). The first that continues its series counts.
    if (weak !== undefined && kept.at(-1)?.start === start) continue
    if (weak !== undefined) {
      const before = series.get(level!)
      if (before !== undefined && isSameAgain(before, kept.at(-1), heading)) {
        kept[kept.length - 1] = heading
        continue
      }
      const fits = before !== undefined && continuesSeries(before, heading)
      if (weak.isBehindText && !(fits ? beginsItem(heading) : mayFollowTitle(before, weak))) {
        if (fits) doubt(heading, 'behind-text')
        continue
      }
      if (!fits && !startsSeries(before, weak.ordinal)) {
        const again = before === undefined ? null : followList(before, heading)
        if (again !== null) doubt(again, 'again')
        else if (before !== undefined && isUnfit(before, heading, profile)) doubt(heading, 'unfit')
        continue
      }
      // The same numbers come a second time, now with the text: the headings before were a table of contents.
      if (!fits && isContents(before)) kept.length = kept.lastIndexOf(before.first)
      if (fits && before.list === weak.ordinal[0]! - 1) doubt(heading, 'in-list')
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
  return {
    first: heading,
    count: 1,
    ordinal,
    indent,
    bare: titled,
    over: false,
    mayRunOn: true,
    list: null,
    listStart: null,
  }
}

function isContents(series: Series | undefined): series is Series {
  return series?.bare === true && series.count > 2
}

function extendSeries(series: Series, heading: Heading): void {
  const { ordinal, textBefore } = heading.weak!
  series.count += 1
  series.ordinal = ordinal
  series.list = null
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
  const { ordinal, indent, isBehindText } = weak!
  if (isBehindText)
    return (
      !series.over &&
      indent === series.indent &&
      ordinal.length === 1 &&
      ordinal[0] === series.ordinal[0]! + 1
    )
  if (Math.abs(series.indent - indent) > 1 || (series.over && !series.mayRunOn)) return false
  // Behind a heading of a chapter numbers may restart or run on, but without a gap.
  return follows(series.ordinal, ordinal, series.over ? 1 : WIDEST_GAP)
}

/** Behind a line that no sign ends, an item begins with a capital letter or with one without case. */
const beginsItem = ({ words }: Heading) => /^["“«(]?[\p{Lu}\p{Lt}\p{Lo}]/u.test(words)

/** Whether the last heading stood behind text and its number comes again without that: then it was a part of a sentence. */
const isSameAgain = (series: Series, last: Heading | undefined, { level, weak }: Heading): boolean =>
  last?.weak?.isBehindText === true &&
  last.level === level &&
  !weak!.isBehindText &&
  weak!.indent === series.indent &&
  weak!.ordinal.join() === series.ordinal.join()

/** Lines of a title, behind which a series may begin although no sign ends them. */
const TITLE_LINES = 3

const mayFollowTitle = (before: Series | undefined, { textBefore }: { textBefore: number }) =>
  before === undefined && textBefore <= TITLE_LINES

/** The highest number behind the last one that may be a number of the text, and no year. */
const FAR = 60

/** Whether a numbered title comes too far behind the last number to continue the series: "1.040" behind "1.1", "9." behind "3.". */
function isUnfit(
  { ordinal: last }: Series,
  { weak, level, after, start }: Heading,
  profile: Profile,
): boolean {
  const { ordinal } = weak!
  if (after === start || weak!.indent > 1) return false
  if (ordinal.length > 1) return findLevel(level, profile)?.title === 'required'
  return ordinal[0]! > last[0]! + WIDEST_GAP && ordinal[0]! <= last[0]! + FAR
}

const isFirst = (ordinal: number[]) => ordinal.every((part) => part <= 1 || part >= LETTER)

/** Fewest numbers with which a list inside of a series may be the series of another part. */
const FEWEST_AGAIN = 3

/**
 * Follows a list inside of a series, by the numbers that do not fit the series. Returns the first heading of the list when its numbers run
 * as far as those of the series.
 */
function followList(series: Series, heading: Heading): Heading | null {
  const { ordinal, indent } = heading.weak!
  const number = ordinal[0]!
  if (ordinal.length > 1 || Math.abs(series.indent - indent) > 1) return null
  const continues = series.list !== null && number === series.list + 1
  if (!continues && !isFirst(ordinal)) return null
  if (!continues) series.listStart = heading
  series.list = number
  return number === series.ordinal[0] && number >= FEWEST_AGAIN ? series.listStart : null
}

function startsSeries(before: Series | undefined, ordinal: number[]): boolean {
  if (!isFirst(ordinal)) return false
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
