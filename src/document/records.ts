import { sha256 } from '../domain/json.ts'
import { addressOf, slugOf } from './address.ts'
import type { Boundary } from './outline.ts'
import type { Profile } from './profile.ts'

/** A stretch of the source. The records of a scan follow each other without a gap and cover all of it. */
export interface ScanRecord {
  kind: 'unit' | 'excluded' | 'container' | 'other'
  level: string | null
  number: string | null
  address: string | null
  heading: string | null
  status: string | null
  /** Byte offsets; `end` is exclusive. */
  start: number
  end: number
  /** 64 hex digits, of the bytes as they are. */
  sha256: string
  /** Address of the enclosing container. */
  parent: string | null
  /** Of an excluded unit: why. */
  reason?: string
}

/** A record with the line of its heading, for messages. */
export interface Placed {
  record: ScanRecord
  line: number
}

/**
 * A record runs from its heading to the next one that begins a record. So a container has its heading and the loose
 * text behind it: in many laws the container's title stands there, on a line of its own.
 */
export function recordsOf(
  bytes: Uint8Array,
  boundaries: Boundary[],
  bodyStart: number,
  options: { document: string; profile: Profile },
): Placed[] {
  const placed = looseRecords(bytes, boundaries[0]?.heading.start ?? bytes.length, bodyStart)
  const open: { order: number; address: string }[] = []
  for (const [i, boundary] of boundaries.entries()) {
    while (open.length > 0 && open.at(-1)!.order >= boundary.order) open.pop()
    const parent = open.at(-1)?.address ?? null
    const end = boundaries[i + 1]?.heading.start ?? bytes.length
    const record = recordAt(bytes, boundary, end, parent, options)
    placed.push({ record, line: boundary.heading.line })
    if (record.kind === 'container') open.push({ order: boundary.order, address: record.address! })
  }
  return placed
}

/** Byte-order mark and front matter, then what stands before the first heading. */
function looseRecords(bytes: Uint8Array, end: number, bodyStart: number): Placed[] {
  const edges = [...new Set([0, Math.min(bodyStart, end), end])]
  const nothing = { level: null, number: null, address: null, heading: null, status: null, parent: null }
  return edges.slice(1).map((edge, i) => {
    const start = edges[i]!
    const record: ScanRecord = {
      kind: 'other',
      ...nothing,
      start,
      end: edge,
      sha256: sha256(bytes.subarray(start, edge)),
    }
    return { record, line: 1 }
  })
}

function recordAt(
  bytes: Uint8Array,
  { heading, kind, level }: Boundary,
  end: number,
  parent: string | null,
  { document, profile }: { document: string; profile: Profile },
): ScanRecord {
  const slice = { start: heading.start, end, sha256: sha256(bytes.subarray(heading.start, end)), parent }
  if (kind === 'other')
    return { kind, level: null, number: null, address: null, heading: heading.text, status: null, ...slice }
  // "Annex" alone has no words beside its kind.
  const number = heading.number ?? slugOf(heading.words === '' ? heading.text : heading.words)
  const address = addressOf(profile, { document, container: parent, code: level.code, number })
  const named = {
    level: level.name,
    number: heading.number,
    address,
    heading: heading.text,
    status: heading.mark?.status ?? null,
  }
  const reason = heading.mark?.excludedBecause ?? null
  if (kind === 'unit' && reason !== null) return { kind: 'excluded', ...named, ...slice, reason }
  return { kind, ...named, ...slice }
}

export interface Span {
  start: number
  end: number
}

/** Checks the partition itself, whatever made the records. */
export function coverageOf(
  records: readonly Span[],
  length: number,
): { complete: boolean; gaps: Span[]; overlaps: Span[] } {
  const gaps: Span[] = []
  const overlaps: Span[] = []
  let at = 0
  for (const { start, end } of records) {
    if (start > at) gaps.push({ start: at, end: start })
    if (start < at) overlaps.push({ start, end: Math.min(at, end) })
    at = Math.max(at, end)
  }
  if (at < length) gaps.push({ start: at, end: length })
  return { complete: gaps.length === 0 && overlaps.length === 0 && at === length, gaps, overlaps }
}
