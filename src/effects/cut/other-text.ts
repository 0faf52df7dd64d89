import { createProblem, type Problem } from '../../document/diagnostics/problem.ts'
import { diffOtherText, joinTexts, type TextPart } from '../../document/diff/diff-other-text.ts'
import type { Scan } from '../../document/scan.ts'
import type { ScanRecord } from '../../document/structure/records.ts'
import { positionOf } from '../../document/syntax/lines.ts'
import type { OtherTextChange } from './plan.ts'
import type { StoredText } from './stored-text.ts'

/** What changes of a document apart from the texts of its units. */
interface OtherChanges {
  otherText: OtherTextChange[]
  moved: string[]
  /** A problem for each place where words change, because no unit and no version records them. */
  problems: Problem[]
}

/** Finds the lines outside of units, and the places of units, that differ from the text in force. `bytes` is the new source. */
export function findOtherChanges(
  prior: Pick<StoredText, 'pieces'> | null,
  { records }: Pick<Scan, 'records'>,
  units: ReadonlySet<ScanRecord>,
  bytes: Uint8Array,
): OtherChanges {
  if (prior === null) return { otherText: [], moved: [], problems: [] }
  const before = prior.pieces.map((piece) => ('address' in piece ? { unit: piece.address } : piece))
  const { other, moved } = diffOtherText(joinTexts(before), listParts(records, units, bytes))
  const problems = other
    .filter(({ blank }) => !blank)
    .map(({ removed, added, start }) => {
      const message = `text outside of units differs from the text in force: ${quote(removed)} → ${quote(added)}`
      return createProblem('OTHER_TEXT_CHANGED', message, { ...positionOf(bytes, start), start })
    })
  return {
    otherText: other.map(({ after, removed, added }) => ({ after, removed, added })),
    moved,
    problems,
  }
}

function listParts(records: ScanRecord[], units: ReadonlySet<ScanRecord>, bytes: Uint8Array): TextPart[] {
  const text = new TextDecoder('utf-8', { ignoreBOM: true })
  return joinTexts(
    records.map((record): TextPart => {
      const { start, end } = record
      return units.has(record)
        ? { unit: record.address!, start }
        : { text: text.decode(bytes.subarray(start, end)), start }
    }),
  )
}

const QUOTED = 80

function quote(lines: string[]): string {
  const signs = [...lines.join(' ').replace(/\s+/gu, ' ').trim()]
  if (signs.length === 0) return 'nothing'
  return `"${signs.length <= QUOTED ? signs.join('') : `${signs.slice(0, QUOTED).join('')}…`}"`
}
