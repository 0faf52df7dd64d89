import { sha256 } from '../../domain/json.ts'
import type { Profile } from '../profiles/profile.ts'
import { textOf } from '../syntax/lines.ts'
import { findLevel } from './leaf-level.ts'
import { findNumberInWords } from './numerals/number-in-words.ts'
import type { Boundary } from './outline.ts'
import type { PlacedRecord } from './records.ts'

/** A provision inside of transitional or final provisions, which has an ordinal alone: `DOC/TRANSITION/PROVISION-1`. */
const PROVISION = { name: 'provision', code: 'PROVISION' }
const FEWEST = 2
/** "Primera.", "SEGUNDO.-", "**Second.** Fees". */
const ORDINAL = /^[ \t]*[*_]{0,3}([\p{L}\p{M}]{3,20}(?: [\p{L}\p{M}]{3,20})?)[*_]{0,3}(?:\s?[.:–—-]|\s*$)/u

/** Cuts transitional and final provisions at ordinals that begin a paragraph and run from the first on. */
export function cutProvisions(
  bytes: Uint8Array,
  placed: PlacedRecord[],
  boundaries: Boundary[],
  profile: Profile,
): PlacedRecord[] {
  const isList = ({ record: { kind, level, number } }: PlacedRecord) =>
    kind === 'unit' && number === null && findLevel(level, profile)?.role === 'annex'
  if (!placed.some(isList)) return placed
  return placed.flatMap((each) => {
    if (!isList(each)) return [each]
    const starts = findProvisions(bytes, each, profile)
    if (starts.length < FEWEST) return [each]
    const { record } = each
    const boundary = boundaries.find(({ heading }) => heading.start === record.start)
    if (boundary !== undefined) boundary.kind = 'container'
    const head = { ...record, kind: 'container' as const, end: starts[0]!.start }
    const digest = (start: number, end: number) => sha256(bytes.subarray(start, end))
    const units = starts.map(({ start, line, words }, i): PlacedRecord => {
      const end = starts[i + 1]?.start ?? record.end
      const number = String(i + 1)
      return {
        line,
        sort: number,
        record: {
          kind: 'unit',
          level: PROVISION.name,
          number,
          address: `${record.address}/${PROVISION.code}-${number}`,
          heading: words,
          status: null,
          start,
          end,
          sha256: digest(start, end),
          parent: record.address,
        },
      }
    })
    return [{ ...each, record: { ...head, sha256: digest(head.start, head.end) } }, ...units]
  })
}

function findProvisions(
  bytes: Uint8Array,
  { record, line: first }: PlacedRecord,
  profile: Profile,
): { start: number; line: number; words: string }[] {
  const found: { start: number; line: number; words: string }[] = []
  let start = record.start
  for (const [i, text] of textOf(bytes, record.start, record.end).split('\n').entries()) {
    const words = i === 0 ? undefined : ORDINAL.exec(text)?.[1]
    const numeral = words === undefined ? null : findNumberInWords(words, profile)
    const isComplete = numeral !== null && numeral.start === 0 && numeral.end === words!.length
    if (isComplete && numeral.value === found.length + 1)
      found.push({ start, line: first + i, words: words! })
    start += Buffer.byteLength(text) + 1
  }
  return found
}
