import type { Profile } from '../profiles/profile.ts'
import { compareNumbers } from '../structure/numerals/compare-numbers.ts'
import type { Boundary } from '../structure/outline.ts'
import type { PlacedRecord, ScanRecord } from '../structure/records.ts'
import { createProblem, type Problem } from './problem.ts'
import type { ProblemCode } from './severity.ts'

/**
 * Finds gaps and steps back in the numbers of the units of one level. If addresses hold the enclosing record, each enclosing record
 * has its own numbers. Numbers between mere signs were tested for their order before (marker-series.ts).
 */
export function findSequenceProblems(
  placed: PlacedRecord[],
  boundaries: Boundary[],
  profile: Profile,
): Problem[] {
  const weak = new Set(
    boundaries.flatMap(({ heading }) => (heading.weak === undefined ? [] : [heading.start])),
  )
  const problems: Problem[] = []
  const last = new Map<string, PlacedRecord>()
  const levels = new Set<string | null>()
  let hasText = false
  for (const each of placed) {
    const { record, line } = each
    const follows = hasText || levels.has(record.level)
    hasText ||= record.kind === 'unit' && record.heading === null
    if (record.kind === 'other' || record.number === null) continue
    levels.add(record.level)
    const key = seriesOf(record, profile)
    const before = last.get(key)
    last.set(key, each)
    // An article that holds its sections counts as well, but only units are reported.
    if (record.kind === 'container') continue
    const found =
      before === undefined ? lateStart(record, follows) : breakBetween(before, each, weak.has(record.start))
    if (found !== null) problems.push(createProblem(...found, { line, column: 1, start: record.start }))
  }
  return problems
}

/** The name of the series of numbers that a record is part of. */
export function seriesOf({ level, parent, address }: ScanRecord, profile: Profile): string {
  const where = seriesPlaces(profile).get(level ?? '') ?? seriesPlaces(profile).get('')!
  if (where === 'document') return `${level}`
  // An address holds the annex only inside of an annex.
  return `${level} ${where === 'annex' ? address!.slice(0, address!.lastIndexOf('/')) : parent}`
}

type SeriesPlace = 'document' | 'annex' | 'parent'

const places = new WeakMap<Profile, Map<string, SeriesPlace>>()

/** In what the numbers of each level run, by the parts of its addresses. The empty name stands for other levels. */
function seriesPlaces(profile: Profile): Map<string, SeriesPlace> {
  const known = places.get(profile)
  if (known !== undefined) return known
  const placeOf = (template: string): SeriesPlace => {
    const parts = [...template.matchAll(/\{([a-z-]+)\}/g)].map(([, part]) => part!)
    const around = parts.filter((part) => !['document', 'code', 'number'].includes(part))
    if (around.length === 0) return 'document'
    return around.every((part) => part === 'annex') ? 'annex' : 'parent'
  }
  const found = new Map(
    profile.levels.map(({ name, address }) => [name, placeOf(address ?? profile.address)]),
  )
  found.set('', placeOf(profile.address))
  places.set(profile, found)
  return found
}

type Break = [ProblemCode, string]

function breakBetween(one: PlacedRecord, other: PlacedRecord, weak: boolean): Break | null {
  const [before, after] = [one.record, other.record]
  const order = compareNumbers(one.sort ?? before.number!, other.sort ?? after.number!)
  const between = `"${after.heading}" follows "${before.heading}"`
  if (order > 0 && !weak) return ['NUMBER_OUT_OF_ORDER', `numbers step back: ${between}`]
  const { from, to } = gapBetween(before.number!, after.number!)
  if (weak && before.number!.includes('.')) return null
  return to > from + 1 ? ['NUMBER_GAP', `${numbersBetween(from, to)} missing: ${between}`] : null
}

/** Numbers that are missing before a record, and what stands at their place. */
interface Gap {
  numbers: number[]
  /** What stands before the number in an address of the series. */
  prefix: string
  /** Whether the series has no number before. */
  isFirst: boolean
  /** The records from the number before up to the gap. For a first number: those behind the beginning of what encloses it. */
  between: ScanRecord[]
}

/** Finds the gap before the record that begins at a byte. Null where no number is missing, or the address does not end with the number. */
export function findGap(records: readonly ScanRecord[], start: number, profile: Profile): Gap | null {
  const index = records.findIndex((record) => record.start === start && record.number !== null)
  const after = records[index]
  if (after === undefined) return null
  const { address, parent } = after
  const number = after.number!.toUpperCase()
  if (!address!.endsWith(number)) return null
  const series = seriesOf(after, profile)
  const isOfSeries = (record: ScanRecord) =>
    record.kind !== 'other' && record.number !== null && seriesOf(record, profile) === series
  const last = records.slice(0, index).findLastIndex(isOfSeries)
  const { from, to } =
    last < 0
      ? { from: 0, to: Number(/^\d+/.exec(number)?.[0]) }
      : gapBetween(records[last]!.number!, after.number!)
  const missing = Array.from({ length: Math.max(0, to - from - 1) || 0 }, (_, i) => from + 1 + i)
  if (missing.length === 0) return null
  const first = last < 0 ? records.findIndex((record) => record.address === parent && parent !== null) : last
  return {
    numbers: missing,
    prefix: address!.slice(0, -number.length),
    isFirst: last < 0,
    between: records.slice(Math.max(0, first), index),
  }
}

/** The last integer of one number, and the first of another. */
export function gapBetween(before: string, after: string): { from: number; to: number } {
  // 67.1 stands between 67 and 68.
  const last = /^\d+(?=\.\d)/.exec(before)?.[0] ?? /(\d+)\D*$/.exec(before.replace(/-.*$/, ''))?.[1]
  const from = Number(/^\d+$/.test(before) ? before : last)
  return { from, to: Number(/^\d+/.exec(after)?.[0]) }
}

/**
 * Where text without a heading stands before the first number, one in it may not have been read. Where a kind has numbers elsewhere too,
 * they begin again at 1. Otherwise the text begins there.
 */
function lateStart(record: ScanRecord, isGap: boolean): Break | null {
  const first = Number(/^\d+/.exec(record.number!)?.[0])
  if (!(first > 1)) return null
  const code = isGap ? 'NUMBER_GAP' : 'NUMBER_STARTS_LATE'
  return [code, `${numbersBetween(0, first)} missing: the first is "${record.heading}"`]
}

/** "number 5 is" or "numbers 5 to 7 are", without the two. */
function numbersBetween(from: number, to: number): string {
  return to === from + 2 ? `number ${from + 1} is` : `numbers ${from + 1} to ${to - 1} are`
}
