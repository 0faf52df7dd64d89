import { sha256 } from '../../domain/json.ts'
import type { SiteParts } from './headings/heading-match.ts'
import type { Boundary } from './outline.ts'
import { findOwnText } from './own-text.ts'
import { freeAddress, type PlacedRecord, type ScanRecord } from './records.ts'

/** Text of a chapter, of an annex or of the document, without a heading of its own: `DOC/CHAPTER-1/TEXT`. */
const TEXT = { name: 'text', code: 'TEXT' }
/** The text before the first unit. */
const PREAMBLE = { name: 'preamble', code: 'PREAMBLE' }

interface Source {
  bytes: Uint8Array
  boundaries: Boundary[]
  /** The end of the front matter. */
  bodyStart: number
  document: string
  site: SiteParts | undefined
}

/**
 * Makes units of sentences without a heading: a preamble, text under the heading of a chapter or an annex, text behind the last element.
 * Titles stay with their headings. A second text of one container gets a number: `DOC/TITLE-1/TEXT-2`.
 */
export function cutOwnText(placed: PlacedRecord[], source: Source): PlacedRecord[] {
  const { bytes, boundaries, bodyStart } = source
  // A text without any heading that was read has nothing to cut: as one unit it would hide that nothing was found.
  if (placed.every(({ record }) => record.kind === 'other')) return placed
  const document = source.document.toUpperCase()
  const own = withoutParts(bytes, source.site)
  const headings = new Map<number, Boundary['heading']>()
  for (const { kind, heading } of boundaries) if (kind !== 'unit') headings.set(heading.start, heading)
  // Most texts have nothing to cut here, and need no list of their addresses.
  let addresses: Set<string | null> | null = null
  const first = placed.find(isCut)
  const cut = (each: PlacedRecord): PlacedRecord[] => {
    const { record } = each
    const heading = headings.get(record.start)
    const from = Math.max(bodyStart, heading === undefined ? record.start : endOfHeading(bytes, heading))
    const start = from < record.end ? findOwnText(own, from, record.end) : null
    if (start === null) return [each]
    addresses ??= new Set(placed.map(({ record }) => record.address))
    const taken = addresses
    const parent = record.kind === 'container' ? record.address : record.parent
    const isPreamble = parent === null && first !== undefined && start < first.record.start
    const level = isPreamble && !taken.has(`${document}/${PREAMBLE.code}`) ? PREAMBLE : TEXT
    const address = freeAddress(`${parent ?? document}/${level.code}`, taken)
    taken.add(address)
    const unit = unitOf(bytes, { address, level: level.name, start, end: record.end, parent })
    const line = each.line + countLines(bytes, record.start, start)
    if (start === record.start) return [{ record: unit, line }]
    const rest = { ...record, end: start, sha256: sha256(bytes.subarray(record.start, start)) }
    return [
      { ...each, record: rest },
      { record: unit, line },
    ]
  }
  const all: PlacedRecord[] = []
  for (const each of placed) {
    if (isCut(each)) all.push(each)
    else all.push(...cut(each))
  }
  return all
}

/** Puts spaces in the place of the parts of a site. */
function withoutParts(bytes: Uint8Array, site: SiteParts | undefined): Uint8Array {
  if (site === undefined) return bytes
  const own = Buffer.from(bytes)
  for (const { start, end } of site.parts) own.fill(SPACE, start, end)
  return own
}

const SPACE = 0x20
const isCut = ({ record: { kind } }: PlacedRecord) => kind === 'unit' || kind === 'excluded'

const LF = 0x0a

/** The end of the heading's own lines; of its first line, if text follows in it. */
function endOfHeading(bytes: Uint8Array, { start, after }: Boundary['heading']): number {
  if (after > start) return after
  const at = bytes.indexOf(LF, start)
  return at < 0 ? bytes.length : at + 1
}

function unitOf(
  bytes: Uint8Array,
  { start, end, ...named }: Pick<ScanRecord, 'address' | 'level' | 'start' | 'end' | 'parent'>,
): ScanRecord {
  const unnamed = { number: null, heading: null, status: null }
  return { kind: 'unit', ...unnamed, ...named, start, end, sha256: sha256(bytes.subarray(start, end)) }
}

function countLines(bytes: Uint8Array, start: number, end: number): number {
  let count = 0
  for (let at = bytes.indexOf(LF, start); at >= 0 && at < end; at = bytes.indexOf(LF, at + 1)) count += 1
  return count
}
