import { diffLines } from 'diff'
import type { Scan } from '../scan.ts'
import type { ScanRecord } from '../structure/records.ts'
import { markMoves } from './detect-moves.ts'
import { diffUnits, type UnitText } from './diff-units.ts'

export type ChangeKind =
  | 'unchanged'
  | 'amended'
  | 'added'
  | 'repealed'
  | 'moved'
  | 'renumbered'
  | 'split'
  | 'merged'

/**
 * What became of one unit. `moved` with one address: among the other units it has another place. `repealed` with a `newAddress` is
 * repealed in place: the unit stays, its text says so. A unit that was split has one change for each part; of several that were merged,
 * each has one. `occurrence` counts units that share an address (such documents can be compared, but not cut), from 1.
 */
export interface Change {
  change: ChangeKind
  /** The old address, and of an added unit its only one. */
  address: string
  /** Null when the unit is gone. */
  newAddress: string | null
  oldSha256: string | null
  newSha256: string | null
  occurrence?: number
}

/** A stretch of lines outside of all units (front matter, headings of chapters, notes) that one of the two texts has alone. */
export interface OtherDifference {
  removed: string[]
  added: string[]
}

export interface DocumentDiff {
  changes: Change[]
  other: OtherDifference[]
}

export interface ScannedText {
  bytes: Uint8Array
  scan: Scan
}

/** How one text of a document became another: its units in the new order, those that are gone behind them. */
export function diffDocuments(before: ScannedText, after: ScannedText): DocumentDiff {
  const old = listUnitTexts(before)
  const changes = markMoves(diffUnits(old, listUnitTexts(after)), old)
  return { changes, other: otherDifferences(before, after) }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

const isUnit = ({ kind }: ScanRecord) => kind === 'unit' || kind === 'excluded'

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
