import { diffLines } from 'diff'
import type { Scan } from '../scan.ts'
import type { ScanRecord } from '../structure/records.ts'
import type { Change, UnitText } from './change.ts'
import { markMoves } from './detect-moves.ts'
import { diffUnits } from './diff-units.ts'

/** Lines outside of all units (front matter, headings of chapters, notes) that only one of the two texts has. */
interface OtherDifference {
  removed: string[]
  added: string[]
}

/** The difference between two texts of a document. */
export interface DocumentDiff {
  changes: Change[]
  other: OtherDifference[]
}

/** A source with its scan. */
export interface ScannedText {
  bytes: Uint8Array
  scan: Scan
}

/** Compares two texts of a document. The changes are in the new order, with the units that are gone at the end. */
export function diffDocuments(before: ScannedText, after: ScannedText): DocumentDiff {
  const old = listUnitTexts(before)
  const changes = markMoves(diffUnits(old, listUnitTexts(after)), old)
  return { changes, other: otherDifferences(before, after) }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

const isUnit = ({ kind }: ScanRecord) => kind === 'unit' || kind === 'excluded'

/** Lists the units of a text, excluded ones included, for comparison. */
export function listUnitTexts({ bytes, scan }: ScannedText): UnitText[] {
  const times = new Map<string, number>()
  return scan.records.filter(isUnit).map((record) => {
    const address = record.address!
    const occurrence = (times.get(address) ?? 0) + 1
    times.set(address, occurrence)
    const text = decoder.decode(bytes.subarray(record.start, record.end))
    const headingEnd = text.indexOf('\n')
    return {
      address,
      occurrence,
      sha256: record.sha256,
      number: record.number,
      parent: record.parent,
      status: record.status,
      text,
      body: headingEnd < 0 ? '' : text.slice(headingEnd + 1),
    }
  })
}

function otherDifferences(before: ScannedText, after: ScannedText): OtherDifference[] {
  const differences: OtherDifference[] = []
  let open: OtherDifference | null = null
  for (const part of diffLines(outside(before), outside(after))) {
    if (!part.added && !part.removed) {
      open = null
      continue
    }
    if (open === null) {
      open = { removed: [], added: [] }
      differences.push(open)
    }
    open[part.added ? 'added' : 'removed'].push(...part.value.replace(/\n$/, '').split('\n'))
  }
  return differences
}

const outside = ({ bytes, scan }: ScannedText) =>
  scan.records
    .filter((record) => !isUnit(record))
    .map(({ start, end }) => decoder.decode(bytes.subarray(start, end)))
    .join('')
