import type { Profile, Syntax } from '../profiles/profile.ts'
import type { Doubt } from '../structure/headings/heading-match.ts'
import { findLevel } from '../structure/leaf-level.ts'
import { compareNumbers } from '../structure/numerals/compare-numbers.ts'
import type { Boundary, Outline } from '../structure/outline.ts'
import type { PlacedRecord, ScanRecord } from '../structure/records.ts'
import { AGAIN, AGAIN_AT_ONE, IN_LIST, UNFIT } from '../structure/settle-headings.ts'
import { findHiddenHeadings } from './hidden-headings.ts'
import { findLeftOutText } from './left-out-text.ts'
import { findMisspelledHeadings } from './misspelled-headings.ts'
import { createProblem, type Problem } from './problem.ts'
import { findQuotedHeadings } from './quoted-headings.ts'
import { findRepeatedLines } from './repeated-lines.ts'
import { findRunOnHeadings } from './run-on-headings.ts'
import { gapBetween, seriesOf } from './sequence-problems.ts'
import { findTitleBehindUnits } from './title-behind-units.ts'
import { findUnknownNumbers } from './unknown-numbers.ts'
import { findUnreadNearHeadings } from './unread-near-headings.ts'
import { findUnreadSeries } from './unread-series.ts'

/*
 * Measures what a reading may have missed: lines in the text of a record that read like headings of a kind that the document has, signs
 * of a number that were not read, many missing numbers, a unit that holds much of the text, much text outside of units.
 */

/** What a reading may have missed. */
interface Missed {
  problems: Problem[]
  /** 0 to 1: the share of the text and of the numbers that was read, as far as it shows. */
  share: number
}

/** A finding with the share (0 to 1) of the text or of the numbers that it puts in doubt. */
interface Finding {
  problem: Problem
  doubtful: number
}

/** What was read, and how. */
interface Read extends Pick<Outline, 'boundaries' | 'doubts' | 'isContainer'> {
  placed: PlacedRecord[]
  profile: Profile
  syntax: Syntax
}

/** Finds what a reading may have missed. */
export function findMissedHeadings(
  bytes: Uint8Array,
  { boundaries, doubts, isContainer: isGuess, placed, profile, syntax }: Read,
): Missed {
  const { length } = bytes
  const measured = [
    ...missingNumbers(placed, profile),
    ...outsizedUnits(length, placed),
    ...largeOtherText(length, placed, profile),
  ]
  const suspected = suspectedHeadings(doubts, placed, profile)
  const lines = [
    ...findMisspelledHeadings(bytes, placed, profile),
    ...findRunOnHeadings(bytes, placed, profile),
    ...findTitleBehindUnits(bytes, placed, profile),
    ...findRepeatedLines(bytes, placed, profile),
    ...findHiddenHeadings(bytes, placed),
    ...findUnknownNumbers(bytes, boundaries, placed, profile, isGuess),
    ...findUnreadNearHeadings(bytes, boundaries, placed, profile, syntax),
    ...findQuotedHeadings(bytes, placed, syntax),
  ]
  const doubted = new Set(suspected.map(({ start }) => start))
  const found = new Set([...doubted, ...lines.map(({ start }) => start)])
  const series = findUnreadSeries(bytes, placed, profile, isGuess)
  return {
    problems: [
      ...suspected,
      ...lines.filter(({ start }) => !doubted.has(start)),
      ...series.filter(({ start }) => !found.has(start)),
      ...unreadSigns(boundaries),
      ...findLeftOutText(bytes, boundaries, placed, profile),
      ...measured.map(({ problem }) => problem),
    ],
    share: measured.reduce((rest, { doubtful }) => rest * (1 - doubtful), 1),
  }
}

/** Lines that read like headings, and whose number fits between those around them or stands alone in its line. */
function suspectedHeadings(doubts: Doubt[], placed: PlacedRecord[], profile: Profile): Problem[] {
  if (doubts.length === 0) return []
  const byLevel = new Map<string, PlacedRecord[]>()
  for (const each of placed) {
    const { kind, level, number } = each.record
    if (kind === 'other' || level === null || number === null) continue
    const known = byLevel.get(level)
    if (known === undefined) byLevel.set(level, [each])
    else known.push(each)
  }
  return doubts.flatMap((doubt) => {
    const kin = byLevel.get(doubt.level)
    if (kin === undefined) return []
    const reason = suspicion(doubt, kin)
    if (reason === null) return []
    const record = recordAt(placed, doubt.start)
    // "Preliminary title" before the first unit has no number, and "Articles" alone is the title of what follows.
    const isTitle = !/\s/.test(doubt.text.trim()) || findLevel(doubt.level, profile)?.role === 'container'
    if (doubt.sort === null && isTitle && (record?.number ?? null) === null) return []
    const inside = record?.address
    const where = inside === undefined || inside === null ? 'outside of units' : `in the text of ${inside}`
    const message =
      doubt.why === IN_LIST
        ? `"${doubt.text}" is read as the beginning of ${inside}, and may be an item of a list: ${doubt.why}`
        : `"${doubt.text}" reads like a heading and stands ${where}: ${doubt.why}; ${reason}`
    // An annex quotes other texts, whose articles have the numbers of this one's.
    const code = record?.level === 'annex' && reason === TAKEN ? 'HEADING_IN_ANNEX' : 'HEADING_SUSPECTED'
    return [createProblem(code, message, { line: doubt.line, column: 1, start: doubt.start })]
  })
}

const TAKEN = 'another heading has its number'

function suspicion({ sort, start, isBare, why }: Doubt, kin: PlacedRecord[]): string | null {
  if (why === IN_LIST) return why
  if (why === AGAIN || why === AGAIN_AT_ONE) return TAKEN
  if (sort === null) return 'others of its kind have a number'
  const next = firstAfter(kin, start)
  const [before, after] = [kin[next - 1], kin[next]]
  const known = kin.some((each) => each.sort === sort)
  if (known) return isBare && !why.includes('small letter') ? TAKEN : null
  const follows = before === undefined || compareNumbers(before.sort ?? '', sort!) < 0
  const precedes =
    after === undefined && why === UNFIT
      ? true
      : after === undefined
        ? isNext(before?.sort ?? null, sort!)
        : compareNumbers(sort!, after.sort ?? '') < 0
  return follows && precedes ? `no other heading has its number, which fits here` : null
}

function isNext(before: string | null, sort: string): boolean {
  if (before === null) return /^1(?!\d)/.test(sort)
  const { from, to } = gapBetween(before, sort)
  return to === from + 1 || (to === from && compareNumbers(before, sort) < 0)
}

/** Returns the index of the first record behind a place. */
function firstAfter(records: PlacedRecord[], start: number): number {
  let [low, high] = [0, records.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (records[middle]!.record.start <= start) low = middle + 1
    else high = middle
  }
  return low
}

const recordAt = (placed: PlacedRecord[], start: number): ScanRecord | undefined =>
  placed[firstAfter(placed, start) - 1]?.record

function unreadSigns(boundaries: Boundary[]): Problem[] {
  return boundaries.flatMap(({ heading: { unread, text, line, start } }) =>
    unread === null
      ? []
      : [
          createProblem(
            'NUMBER_UNREAD',
            `the number of "${text}" is not read to its end: nobody knows the sign "${unread}" behind it`,
            { line, column: 1, start },
          ),
        ],
  )
}

/** Minimum number of missing numbers, and their share of the units, that are too many for numbers that were taken out. */
const MISSING = 10
const MISSING_SHARE = 0.1

function missingNumbers(placed: PlacedRecord[], profile: Profile): Finding[] {
  const missing = new Map<
    string,
    { count: number; units: number; at: PlacedRecord | null; most: number; last: string }
  >()
  for (const each of placed) {
    const { record } = each
    if (record.kind === 'other' || record.number === null) continue
    const key = seriesOf(record, profile)
    const series = missing.get(key) ?? { count: 0, units: 0, at: null, most: 0, last: record.number }
    missing.set(key, series)
    const { from, to } = gapBetween(series.last, record.number)
    const gap = Math.max(0, to - from - 1) || 0
    series.count += gap
    if (gap > series.most) Object.assign(series, { most: gap, at: each })
    if (record.kind !== 'container') series.units += 1
    series.last = record.number
  }
  return [...missing.values()].flatMap(({ count, units, at, most }) => {
    if (at === null || units === 0 || count <= Math.max(MISSING, units * MISSING_SHARE)) return []
    const { record, line } = at
    const message = `${count} numbers are missing among ${units} units, most of them (${most}) before "${record.heading}": headings may not have been read`
    const problem = createProblem('NUMBERS_MISSING', message, { line, column: 1, start: record.start })
    return [{ problem, doubtful: count / (count + units) }]
  })
}

const OUTSIZED = { units: 5, bytes: 10_000, ofMedian: 20, ofText: 0.4 }

function outsizedUnits(length: number, placed: PlacedRecord[]): Finding[] {
  const all = placed.filter(({ record: { kind } }) => kind === 'unit')
  const units = all.filter(({ record: { number } }) => number !== null)
  if (units.length === 0) return unnumberedBulk(length, all)
  if (units.length < OUTSIZED.units) return []
  const size = ({ record }: PlacedRecord) => record.end - record.start
  const median = units.map(size).sort((a, b) => a - b)[units.length >> 1]!
  return units
    .filter(
      (each) =>
        size(each) > OUTSIZED.bytes &&
        size(each) > median * OUTSIZED.ofMedian &&
        size(each) > length * OUTSIZED.ofText,
    )
    .map((each) => {
      const { record, line } = each
      const message = `${record.address} has ${size(each)} of ${length} bytes, and half of the units have at most ${median}: it may hold text that is not its own`
      const problem = createProblem('UNIT_OUTSIZED', message, { line, column: 1, start: record.start })
      return { problem, doubtful: size(each) / length }
    })
}

const BULK = { bytes: 20_000, ofText: 0.5 }

/** Without any number, one unit that has half of a long text was hardly meant: nothing in it was read. */
function unnumberedBulk(length: number, units: PlacedRecord[]): Finding[] {
  return units.flatMap(({ record, line }) => {
    const bytes = record.end - record.start
    if (bytes < BULK.bytes || bytes < length * BULK.ofText) return []
    const message = `${record.address} has ${bytes} of ${length} bytes, and no heading with a number was read`
    const problem = createProblem('UNIT_OUTSIZED', message, { line, column: 1, start: record.start })
    return [{ problem, doubtful: bytes / length }]
  })
}

const OUTSIDE = { bytes: 2_000, share: 0.3 }

function largeOtherText(length: number, placed: PlacedRecord[], profile: Profile): Finding[] {
  // HTML has markup around its text.
  if (profile.syntax.includes('html')) return []
  // A unit without a heading has its address by its place alone.
  const others = placed.filter(
    ({ record: { kind, level, heading, start } }) =>
      start > 0 && (kind === 'other' || (level === 'text' && heading === null)),
  )
  const bytes = others.reduce((sum, { record }) => sum + record.end - record.start, 0)
  if (bytes < OUTSIDE.bytes || bytes < length * OUTSIDE.share) return []
  const largest = others.reduce((a, b) =>
    b.record.end - b.record.start > a.record.end - a.record.start ? b : a,
  )
  const message = `${bytes} of ${length} bytes have no heading that was read: they are outside of units, or a unit by their place alone`
  const { line, record } = largest
  const problem = createProblem('OTHER_TEXT_LARGE', message, { line, column: 1, start: record.start })
  return [{ problem, doubtful: bytes / length }]
}
