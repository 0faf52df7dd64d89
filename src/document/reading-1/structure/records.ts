import { sha256 } from '../../../domain/json.ts'
import type { Profile } from '../../profiles/profile.ts'
import { buildAddress, makeSlug } from '../../structure/address.ts'
import type { PlacedRecord, ScanRecord } from '../../structure/records.ts'
import type { SyntaxReading } from './headings/heading-match.ts'
import { foldWords } from './headings/lexicon.ts'
import { findBodyStatusMark } from './headings/repeal-status.ts'
import { findLevel } from './leaf-level.ts'
import type { Boundary } from './outline.ts'

interface Source {
  bytes: Uint8Array
  document: string
  profile: Profile
  /** Reasons for which units with these headings are excluded, by the folded words. */
  exclusions: Map<string, string>
}

/** A record that is still open while the records are made. The next record may be inside of it. */
interface Holder {
  order: number
  address: string
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
  const source = { bytes, ...options, exclusions: indexExclusions(options.profile) }
  const first = boundaries[0]?.heading.start ?? bytes.length
  const edges = [...new Set([0, Math.min(bodyStart, first), first])]
  // Byte-order mark and front matter, then the text before the first heading.
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
        order,
        address,
        excluded,
        level: level ?? '',
        number: number ?? '',
        end: heading.end ?? bytes.length,
      })
    }
  }
  return placed
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
  // "Annex" alone has no words but those of its kind.
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
    findExclusion(source, heading) ??
    (open.some(({ excluded }) => excluded) ? `inside ${parent}, which is left out` : null)
  return reason === null ? { kind, ...record } : { kind: 'excluded', ...record, reason }
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
