import type { Scan } from '../scan.ts'
import type { ScanRecord } from '../structure/records.ts'
import type { Change, UnitText } from './change.ts'
import { markMoves } from './detect-moves.ts'
import { diffOtherText, joinTexts, type OtherDifference, type TextPart } from './diff-other-text.ts'
import { diffUnits } from './diff-units.ts'

/** The difference between two texts of a document. */
export interface DocumentDiff {
  changes: Change[]
  /** Lines outside of all units: front matter, titles, headings of chapters, notes. */
  other: Pick<OtherDifference, 'removed' | 'added'>[]
  /** Units in their old order that stand below another heading or line outside of units than before. */
  places: string[]
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
  const { other, moved } = diffOtherText(listParts(before), listParts(after))
  const known = new Set(changes.flatMap(({ change, address }) => (change === 'moved' ? [address] : [])))
  const places = new Set(moved.map((unit) => unit.replace(/#\d+$/, '')))
  return {
    changes,
    other: other.map(({ removed, added }) => ({ removed, added })),
    places: [...places].filter((address) => !known.has(address)),
  }
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
    const headingEnd = record.heading === null ? -1 : text.indexOf('\n')
    return {
      address,
      occurrence,
      sha256: record.sha256,
      number: record.number,
      parent: record.parent,
      status: record.status,
      text,
      body: headingEnd < 0 ? (record.heading === null ? text : '') : text.slice(headingEnd + 1),
    }
  })
}

/** Lists the units and the texts between them. Units that share an address are counted. */
function listParts({ bytes, scan }: ScannedText): TextPart[] {
  const times = new Map<string, number>()
  const parts = scan.records.map((record): TextPart => {
    if (!isUnit(record)) return { text: decoder.decode(bytes.subarray(record.start, record.end)) }
    const count = (times.get(record.address!) ?? 0) + 1
    times.set(record.address!, count)
    return { unit: `${record.address}#${count}` }
  })
  return joinTexts(parts)
}
