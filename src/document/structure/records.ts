import { sha256 } from '../../domain/json.ts'
import type { Profile } from '../profiles/profile.ts'
import { buildAddress, makeSlug } from './address.ts'
import { foldWords } from './headings/fold-words.ts'
import type { SyntaxReading } from './headings/heading-match.ts'
import { findBodyStatusMark } from './headings/repeal-status.ts'
import { findLevel } from './leaf-level.ts'
import type { Boundary } from './outline.ts'

/** A stretch of the source. The records of a scan follow each other without a gap and cover the complete source. */
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
  /** Only for an excluded unit: the reason for its exclusion. */
  reason?: string
}

/** A record with the line of its heading (from 1), for messages, and its number for comparing. */
export interface PlacedRecord {
  record: ScanRecord
  line: number
  sort?: string | null
  /** For a container whose address another one has: that address. Its own has a number behind it. */
  repeats?: string
}

interface Source {
  bytes: Uint8Array
  document: string
  profile: Profile
  /** Reasons for which units with these headings are excluded, by the folded words. */
  exclusions: Map<string, string>
  /** Levels of containers whose numbers restart: their addresses hold the enclosing container. */
  restarting: Set<string>
}

/** A record that is still open while the records are made. The next record may be inside of it. */
interface Holder {
  order: number
  address: string
  /** The address for those of the records inside of it. */
  named: string
  level: string
  number: string
  end: number
  /** Whether it is an excluded unit: the records inside of it are excluded too. */
  excluded: boolean
}

const NOTHING = { level: null, number: null, address: null, heading: null, status: null, parent: null }

/**
 * Builds the records of a text. A record runs from its heading to the next heading that begins a record, or to the end of its
 * element. So a container has its heading and the loose text behind it: many laws have the container's title there, on a
 * line of its own.
 */
export function buildRecords(
  bytes: Uint8Array,
  boundaries: Boundary[],
  { bodyStart }: Pick<SyntaxReading, 'bodyStart'>,
  options: { document: string; profile: Profile },
): PlacedRecord[] {
  const exclusions = indexExclusions(options.profile)
  const source = { bytes, ...options, exclusions, restarting: findRestarting(boundaries) }
  const first = boundaries[0]?.heading.start ?? bytes.length
  const edges = [...new Set([0, Math.min(bodyStart, first), first])]
  // Byte-order mark and front matter, then the text before the first heading.
  const placed: PlacedRecord[] = edges
    .slice(1)
    .map((edge, i) => ({ record: otherRecord(bytes, edges[i]!, edge), line: 1 }))
  const open: Holder[] = []
  const taken = new Set<string | null>()
  for (const [i, boundary] of boundaries.entries()) {
    const { heading, order } = boundary
    while (open.length > 0 && (open.at(-1)!.order >= order || open.at(-1)!.end <= heading.start)) open.pop()
    const next = boundaries[i + 1]?.heading.start ?? bytes.length
    const end = Math.min(next, heading.end ?? next)
    const found = recordAt(source, boundary, end, open)
    const record =
      found.kind === 'container' ? { ...found, address: freeAddress(found.address!, taken) } : found
    taken.add(record.address)
    const repeats = record === found || record.address === found.address ? {} : { repeats: found.address! }
    placed.push({ record, line: heading.line, sort: heading.sort, ...repeats })
    if (end < next) placed.push({ record: otherRecord(bytes, end, next), line: heading.line })
    if (boundary.holds && record.address !== null) {
      const { address, level, number, kind } = record
      open.push({
        order,
        address,
        // Units of a repeated part may be the same ones: their addresses collide.
        named: found.address!,
        excluded: kind === 'excluded',
        level: level ?? '',
        number: number ?? makeSlug(heading.text),
        end: heading.end ?? bytes.length,
      })
    }
  }
  return placed
}

/** Returns an address that no other record has: with the next number behind it, where it is taken. */
export function freeAddress(wanted: string, taken: ReadonlySet<string | null>): string {
  if (!taken.has(wanted)) return wanted
  let count = 2
  while (taken.has(`${wanted}-${count}`)) count += 1
  return `${wanted}-${count}`
}

/** Finds the levels of containers of which two have one number. */
function findRestarting(boundaries: Boundary[]): Set<string> {
  const seen = new Set<string>()
  const restarting = new Set<string>()
  for (const { kind, level, heading } of boundaries) {
    if (kind !== 'container' || heading.number === null) continue
    const key = `${level.name} ${heading.number}`
    if (seen.has(key)) restarting.add(level.name)
    seen.add(key)
  }
  return restarting
}

/** Builds one unit of the complete text, for a text without any heading. */
export function buildSingleRecord(
  bytes: Uint8Array,
  { bodyStart }: Pick<SyntaxReading, 'bodyStart'>,
  { document, profile }: { document: string; profile: Profile },
): PlacedRecord[] {
  const { name, code } = profile.whole!
  const parts = { document, container: null, code, number: '', enclosing: () => null }
  const [start, end] = [bodyStart, bytes.length]
  const unit: ScanRecord = {
    kind: 'unit',
    level: name,
    number: null,
    address: buildAddress(profile.address, parts),
    heading: null,
    status: null,
    start,
    end,
    sha256: sha256(bytes.subarray(start, end)),
    parent: null,
  }
  const before = start === 0 ? [] : [otherRecord(bytes, 0, start)]
  return [...before, unit].map((record) => ({ record, line: 1 }))
}

function otherRecord(bytes: Uint8Array, start: number, end: number): ScanRecord {
  return { kind: 'other', ...NOTHING, start, end, sha256: sha256(bytes.subarray(start, end)) }
}

/** Each record is written as one object of one shape: a text has tens of thousands, and copies of them are a good part of a scan's time. */
function recordAt(source: Source, boundary: Boundary, end: number, open: Holder[]): ScanRecord {
  const { bytes, profile } = source
  const heading = boundary.heading
  const { text, start } = heading
  const parent = open.at(-1)?.address ?? null
  const digest = sha256(bytes.subarray(start, end))
  if (boundary.kind === 'other') {
    return {
      kind: 'other',
      level: null,
      number: null,
      address: null,
      heading: text,
      status: null,
      start,
      end,
      sha256: digest,
      parent,
    }
  }
  const isUnit = boundary.kind === 'unit'
  const mark = heading.mark ?? (isUnit ? findBodyStatusMark(bytes, heading, end, profile) : null)
  const reason = isUnit
    ? (mark?.excludedBecause ??
      findExclusion(source, heading) ??
      (open.some(({ excluded }) => excluded) ? `inside ${parent}, which is left out` : null))
    : null
  const record: ScanRecord = {
    kind: reason === null ? boundary.kind : 'excluded',
    level: boundary.level.name,
    number: heading.number,
    address: addressOf(source, boundary, open),
    heading: text,
    status: mark?.status ?? null,
    start,
    end,
    sha256: digest,
    parent,
  }
  if (reason !== null) record.reason = reason
  return record
}

const CONTAINED = '{document}/{container}/{code}-{number}'

function addressOf(source: Source, { heading, kind, level }: Boundary, open: Holder[]): string {
  const { document, profile, restarting } = source
  const known = findLevel(heading.level, profile)
  const isOnly =
    heading.number === null && heading.words === '' && (known?.role === 'annex' || known?.role === 'aside')
  const number =
    heading.number ?? (isOnly ? '' : makeSlug(heading.words === '' ? heading.text : heading.words))
  const isContained = kind === 'container' && restarting.has(level.name)
  const template = isContained ? CONTAINED : (known?.address ?? profile.address)
  const container = open.at(-1)?.named ?? null
  const enclosing = (name: string) => {
    if (name === level.name) return number
    return open.findLast((each) => each.level === name)?.number ?? null
  }
  return buildAddress(template, { document, container, code: level.code, number, enclosing })
}

function findExclusion({ exclusions }: Source, { words, text }: Boundary['heading']): string | null {
  if (exclusions.size === 0) return null
  return exclusions.get(foldWords(words)) ?? exclusions.get(foldWords(text)) ?? null
}

function indexExclusions({ exclusions }: Profile): Map<string, string> {
  const entries = exclusions.flatMap(({ words, because }) =>
    words.map((each) => [foldWords(each), because] as const),
  )
  return new Map(entries)
}
