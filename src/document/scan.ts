import { sha256 } from '../domain/json.ts'
import { detectFit, findBestFit, noUnitsError, readProfile } from './detect-profile.ts'
import { findByteProblems } from './diagnostics/byte-problems.ts'
import type { Problem } from './diagnostics/problem.ts'
import { assertDocumentId } from './document-id.ts'
import { getProfile } from './profiles/get-profile.ts'
import { type Profile, type ProfileInput, parseProfile } from './profiles/profile.ts'
import { formatReading, parseReading } from './profiles/reading.ts'
import type { ProfileFit } from './read-text.ts'
import { checkCoverage, type Span } from './structure/coverage.ts'
import type { ScanRecord } from './structure/records.ts'
import { asBuffer } from './syntax/lines.ts'
import {
  assertNoEntities,
  assertReadsElements,
  assertTextFormat,
  findXmlRoot,
} from './syntax/other-formats.ts'
import { assertUtf8Source } from './syntax/utf8.ts'

/**
 * The result of scanning a text. Headings are matched on each line's composed form (NFC), but the cut is made in the raw bytes.
 * The records, one after the other, are the source byte for byte.
 */
export interface Scan {
  profile: string
  profileVersion: string
  /** Profile, version and the levels that are cut, as \`--profile\` takes them: \`markdown@1:article\`. */
  reading: string
  /** 0 to 1: the share of the units that are of a known kind, numbered, and in order. */
  confidence: number
  /** The reason for the confidence, for people. */
  why: string
  /** Length of the source. */
  bytes: number
  /** 64 hex digits, of the source. */
  sha256: string
  encoding: 'utf-8'
  records: ScanRecord[]
  coverage: { complete: boolean; gaps: Span[]; overlaps: Span[] }
  problems: Problem[]
}

/** Options of `scanDocument`. */
interface ScanOptions {
  /** The document id, with which addresses begin. */
  document: string
  /** A name, a reading such as \`markdown@1:article\`, or a profile. Left out: the profile is detected. */
  profile?: string | ProfileInput | undefined
  /** A user's own profiles, in addition to those that ship. They are preferred when two fit equally well. */
  profiles?: readonly Profile[] | undefined
}

/**
 * Scans a text: divides its bytes into records. Every other oddity of the text becomes a problem of the scan.
 *
 * @throws INPUT_REFUSED when the source is empty, is not UTF-8 or no text, or is XML whose elements no profile reads, the document id is unusable, the profile is unknown or not
 *   valid, no unit is found, or no profile is named and none fits well enough.
 */
export function scanDocument(source: Uint8Array, options: ScanOptions): Scan {
  const bytes = asBuffer(source)
  const { document, profile, profiles = [] } = options
  assertDocumentId(document)
  assertTextFormat(bytes, document)
  assertUtf8Source(bytes, document)
  const best =
    profile === undefined
      ? detectedFit(bytes, document, profiles)
      : namedFit(bytes, options, profile, profiles)
  const records = best.placed.map(({ record }) => record)
  return {
    profile: best.profile.name,
    profileVersion: best.profile.version,
    reading: formatReading({
      profile: best.profile.name,
      version: best.profile.version,
      levels: best.profile.leaves === 'most-frequent' || isNamed(profile) ? best.levels : [],
    }),
    confidence: best.confidence,
    why: best.why,
    bytes: bytes.length,
    sha256: sha256(bytes),
    encoding: 'utf-8',
    records,
    coverage: checkCoverage(records, bytes.length),
    problems: [
      ...findByteProblems(bytes, best.headings, best.profile.rules === undefined),
      ...best.problems,
    ].sort((a, b) => a.start - b.start),
  }
}

const isNamed = (profile: ScanOptions['profile']) =>
  typeof profile === 'string' && parseReading(profile).levels !== undefined

/** Lists the records that a cut writes. */
export function listUnits(scan: Scan): ScanRecord[] {
  return scan.records.filter((record) => record.kind === 'unit')
}

function detectedFit(bytes: Uint8Array, document: string, profiles: readonly Profile[]): ProfileFit {
  assertNoEntities(bytes, document)
  const root = findXmlRoot(bytes)
  if (root === null) return detectFit(bytes, document, profiles)
  assertReadsElements(root, document, null)
  return detectFit(bytes, document, profiles, 'html')
}

function namedFit(
  bytes: Uint8Array,
  { document }: ScanOptions,
  wanted: string | ProfileInput,
  profiles: readonly Profile[],
): ProfileFit {
  const profile = typeof wanted === 'string' ? getProfile(wanted, profiles) : parseProfile(wanted)
  const levels = typeof wanted === 'string' ? parseReading(wanted).levels : undefined
  // Documents that were cut by the first rules keep their reading.
  if (profile.rules !== undefined) assertNoEntities(bytes, document)
  const root = profile.rules === undefined ? null : findXmlRoot(bytes)
  if (root !== null) assertReadsElements(root, document, profile)
  const best = findBestFit([readProfile(bytes, document, profile, levels)])
  if (best !== null) return best
  throw noUnitsError(bytes, document, `profile ${profile.name}`, profiles)
}
