import { sha256 } from '../../domain/json.ts'
import type { Profile } from '../profiles/profile.ts'
import { buildAddress, makeSlug } from './address.ts'
import type { SyntaxReading } from './headings/heading-match.ts'
import { foldWords } from './headings/read-heading.ts'
import { findBodyStatusMark } from './headings/repeal-status.ts'
import { findLevel } from './leaf-level.ts'
import type { Boundary } from './outline.ts'

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
  /** Address of the enclosing container, or of the unit that holds this one. */
  parent: string | null
  /** Of an excluded unit: why. */
  reason?: string
}

/** A record with the line of its heading, for messages. */
export interface PlacedRecord {
  record: ScanRecord
  line: number
}

interface Source {
  bytes: Uint8Array
  document: string
  profile: Profile
  /** Why units with these words as heading are left out, by the folded words. */
  exclusions: Map<string, string>
}

/** What stands open while the records are made: what the next one may be inside of. */
interface Holder {
  order: number
  address: string
  level: string
  number: string
  end: number
  /** Of an excluded unit: what is inside of it is left out too. */
  excluded: boolean
}

const NOTHING = { level: null, number: null, address: null, heading: null, status: null, parent: null }

/**
 * A record runs from its heading to the next one that begins a record, or to where its element ends. So a container has its
 * heading and the loose text behind it: in many laws the container's title stands there, on a line of its own.
 */
export function buildRecords(
  bytes: Uint8Array,
  boundaries: Boundary[],
  { bodyStart }: Pick<SyntaxReading, 'bodyStart'>,
  options: { document: string; profile: Profile },
): PlacedRecord[] {
  const source = { bytes, ...options, exclusions: exclusionsOf(options.profile) }
  const first = boundaries[0]?.heading.start ?? bytes.length
  const edges = [...new Set([0, Math.min(bodyStart, first), first])]
  // Byte-order mark and front matter, then what stands before the first heading.
  const placed = edges.slice(1).map((edge, i) => ({ record: otherRecord(bytes, edges[i]!, edge), line: 1 }))
  const open: Holder[] = []
  for (const [i, boundary] of boundaries.entries()) {
    const { heading, order } = boundary
    while (open.length > 0 && (open.at(-1)!.order >= order || open.at(-1)!.end <= heading.start)) open.pop()
    const next = boundaries[i + 1]?.heading.start ?? bytes.length
    const end = Math.min(next, heading.end ?? next)
    const record = recordAt(source, boundary, end, open)
    placed.push({ record, line: heading.line })
    if (end < next) placed.push({ record: otherRecord(bytes, end, next), line: heading.line })
    if (boundary.holds && record.address !== null) {
      const { address, level, number, kind } = record
      const excluded = kind === 'excluded'
      open.push({
        ...{ order, address, excluded, level: level ?? '', number: number ?? '' },
        end: heading.end ?? bytes.length,
      })
    }
  }
  return placed
}

/** The whole text as one unit, for texts without any heading. */
export function buildSingleRecord(
  bytes: Uint8Array,
  { bodyStart }: Pick<SyntaxReading, 'bodyStart'>,
  { document, profile }: { document: string; profile: Profile },
): PlacedRecord[] {
  const whole = profile.whole!
  const parts = { document, container: null, code: whole.code, number: '', enclosing: () => null }
  const [start, end] = [bodyStart, bytes.length]
  const unit: ScanRecord = {
    ...{ kind: 'unit', level: whole.name, number: null, address: buildAddress(profile.address, parts) },
    ...{ heading: null, status: null, start, end, sha256: sha256(bytes.subarray(start, end)), parent: null },
  }
  const before = start === 0 ? [] : [otherRecord(bytes, 0, start)]
  return [...before, unit].map((record) => ({ record, line: 1 }))
}

function otherRecord(bytes: Uint8Array, start: number, end: number): ScanRecord {
  return { kind: 'other', ...NOTHING, start, end, sha256: sha256(bytes.subarray(start, end)) }
}

function recordAt(
  source: Source,
  { heading, kind, level }: Boundary,
  end: number,
  open: Holder[],
): ScanRecord {
  const { bytes, document, profile } = source
  const parent = open.at(-1)?.address ?? null
  const slice = { start: heading.start, end, sha256: sha256(bytes.subarray(heading.start, end)), parent }
  if (kind === 'other')
    return { kind, level: null, number: null, address: null, heading: heading.text, status: null, ...slice }
  // "Annex" alone has no words beside its kind.
  const number = heading.number ?? makeSlug(heading.words === '' ? heading.text : heading.words)
  const template = findLevel(heading.level, profile)?.address ?? profile.address
  const enclosing = (name: string) =>
    name === level.name ? number : (open.findLast((each) => each.level === name)?.number ?? null)
  const address = buildAddress(template, { document, container: parent, code: level.code, number, enclosing })
  const mark =
    heading.mark ??
    (profile.statusInBody && kind === 'unit' ? findBodyStatusMark(bytes, heading.start, end, profile) : null)
  const named = { level: level.name, number: heading.number, address, heading: heading.text }
  const record = { ...named, status: mark?.status ?? null, ...slice }
  if (kind !== 'unit') return { kind, ...record }
  const reason =
    mark?.excludedBecause ??
    exclusionOf(source, heading) ??
    (open.some(({ excluded }) => excluded) ? `inside ${parent}, which is left out` : null)
  return reason === null ? { kind, ...record } : { kind: 'excluded', ...record, reason }
}

function exclusionOf({ exclusions }: Source, { words, text }: Boundary['heading']): string | null {
  if (exclusions.size === 0) return null
  return exclusions.get(foldWords(words)) ?? exclusions.get(foldWords(text)) ?? null
}

function exclusionsOf({ exclusions }: Profile): Map<string, string> {
  const entries = exclusions.flatMap(({ words, because }) =>
    words.map((each) => [foldWords(each), because] as const),
  )
  return new Map(entries)
}

export interface Span {
  start: number
  end: number
}

/** Checks the partition itself, whatever made the records. */
export function checkCoverage(
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
