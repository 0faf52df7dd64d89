import type { Problem } from '../../document/diagnostics/problem.ts'
import { findGap } from '../../document/diagnostics/sequence-problems.ts'
import { getProfile } from '../../document/profiles/get-profile.ts'
import type { Profile } from '../../document/profiles/profile.ts'
import { formatReading } from '../../document/profiles/reading.ts'
import type { Scan } from '../../document/scan.ts'
import type { ScanRecord } from '../../document/structure/records.ts'
import { textOf } from '../../document/syntax/lines.ts'
import type { TextChanges } from './changes.ts'
import type { CurrentText } from './current-texts.ts'

// A number that an amendment takes out leaves a gap, and the plan names the unit that ends. An unread heading leaves a gap too: then the
// text of its unit stands at the end of the unit before. So a gap is explained only if no unit at its place has grown at its end.

/** Findings about missing numbers. Only the text in force tells whether they are explained. */
const OF_GAPS: ReadonlySet<string> = new Set(['NUMBER_GAP', 'NUMBERS_MISSING'])

export const isOfGap = ({ code }: Pick<Problem, 'code'>) => OF_GAPS.has(code)

/** What a re-cut knows of missing numbers. */
interface Recut {
  scan: Scan
  bytes: Uint8Array
  profiles?: readonly Profile[] | undefined
  /** The units in force. */
  inForce: readonly CurrentText[]
  /** The complete text in force; null where no cut brought it into force, so that nobody accepted its gaps. */
  prior?: object | null | undefined
  /** The records that are cut. */
  units: ReadonlySet<ScanRecord>
  changes: TextChanges
}

/** The same, by address. */
interface Compared extends Recut {
  profile: Profile
  before: ReadonlyMap<string, CurrentText>
  present: ReadonlySet<string | null>
}

/**
 * Finds the problems of a scan that the text in force explains: gaps whose numbers were missing before, or belong to units that this re-cut
 * ends.
 */
export function findExplainedGaps(recut: Recut): Set<Problem> {
  const { scan, profiles, inForce, units } = recut
  const gaps = scan.problems.filter(({ code }) => code === 'NUMBER_GAP')
  if (inForce.length === 0 || gaps.length === 0) return new Set()
  const compared: Compared = {
    ...recut,
    profile: getProfile(formatReading({ profile: scan.profile, version: scan.profileVersion }), profiles),
    before: new Map(inForce.map((unit) => [unit.address, unit])),
    present: new Set([...units].map(({ address }) => address)),
  }
  const explained = new Set(gaps.filter((problem) => isExplained(problem, compared)))
  return explained.size < gaps.length ? explained : new Set(scan.problems.filter(isOfGap))
}

function isExplained({ start }: Problem, compared: Compared): boolean {
  const { scan, profile, inForce, units, before, present, prior } = compared
  const gap = findGap(scan.records, start, profile)
  if (gap === null) return false
  const missing = gap.numbers.map((number) => ({ number, address: `${gap.prefix}${number}` }))
  if (missing.some(({ address }) => present.has(address))) return false
  const gone = missing.map(({ address }) => address).filter((address) => before.has(address))
  const never = missing.filter(({ address }) => !before.has(address)).map(({ number }) => number)
  if (never.length > 0 && (prior == null || !wereMissing(never, gap, inForce))) return false
  return gap.between
    .filter((record) => units.has(record))
    .every((record) => hasNoRoom(record, gone, never.length === 0, compared))
}

/** Whether the series in force left the numbers out: it has numbers on both sides of them. */
function wereMissing(
  numbers: number[],
  { prefix, isFirst }: { prefix: string; isFirst: boolean },
  inForce: readonly CurrentText[],
): boolean {
  const series = inForce
    .filter(({ address }) => address.startsWith(prefix))
    .map(({ address }) => Number(/^\d+/.exec(address.slice(prefix.length))?.[0]))
  const isBetween = (number: number) =>
    series.some((other) => other > number) && (isFirst || series.some((other) => other < number))
  return numbers.every(isBetween)
}

/** Whether a unit at a gap cannot hold a unit that was not read: it has the text of one that is gone and nothing else, ends as before, is no longer than before, or has no line of those that are gone. */
function hasNoRoom(
  { address, start, end }: ScanRecord,
  gone: string[],
  mayBeNew: boolean,
  { bytes, changes, before }: Compared,
): boolean {
  const now = linesOf(textOf(bytes, start, end))
  const came = gone.filter((each) => changes.successors.get(each)?.includes(address!))
  // The text of a number that is gone may be all that stands here: then only its number has changed.
  if (came.length > 0) return came.some((each) => haveSameText(linesOf(before.get(each)!.body), now))
  const from = changes.origins.get(address!)?.from ?? []
  const old = from.flatMap((each) => (before.has(each) ? [linesOf(before.get(each)!.body)] : []))
  if (old.some((lines) => lines.length >= now.length || lines.at(-1) === now.at(-1))) return true
  if (old.length > 0 || !mayBeNew) return false
  const lost = new Set(gone.flatMap((each) => linesOf(before.get(each)!.body)))
  return !now.some((line) => lost.has(line))
}

/** Whether two units have the same lines under their first ones, which are headings. */
const haveSameText = ([, ...one]: string[], [, ...other]: string[]) =>
  one.length > 0 && one.join('\n') === other.join('\n')

const linesOf = (text: string) =>
  text
    .split(/\r\n?|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
