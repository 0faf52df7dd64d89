import { isUtf8 } from 'node:buffer'
import { CutterError } from '../domain/errors.ts'
import { sha256 } from '../domain/json.ts'
import { findBestFit, type ProfileFit, passesDetection, tryProfiles } from './detect-profile.ts'
import { findByteProblems, type Problem } from './diagnostics/structure-problems.ts'
import { type Profile, type ProfileInput, parseProfile } from './profiles/profile.ts'
import { findShippedProfile, listShippedProfiles } from './profiles/shipped-profiles.ts'
import { assertDocumentId } from './structure/address.ts'
import { checkCoverage, type ScanRecord, type Span } from './structure/records.ts'
import { asBuffer, positionOf } from './syntax/lines.ts'
import { findInvalidUtf8 } from './syntax/utf8.ts'

export type { Problem } from './diagnostics/structure-problems.ts'
export type { Profile } from './profiles/profile.ts'
export type { ScanRecord } from './structure/records.ts'

/**
 * Cutting a text: bytes in, records out, nothing touched. Headings are matched on each line's composed form (NFC) and
 * the cut is made in the raw bytes, so that the records, one after the other, are the source again, byte for byte.
 */
export interface Scan {
  profile: string
  profileVersion: string
  /** 0 to 1: how much of what was found is numbered, known by name, and in order. */
  confidence: number
  /** What the confidence comes from. */
  why: string
  bytes: number
  sha256: string
  encoding: 'utf-8'
  records: ScanRecord[]
  coverage: { complete: boolean; gaps: Span[]; overlaps: Span[] }
  problems: Problem[]
}

export interface ScanOptions {
  /** What addresses begin with. */
  document: string
  /** Left out: detected. */
  profile?: string | ProfileInput | undefined
  /** A user's own, besides those that ship; they come first where two fit equally well. */
  profiles?: readonly Profile[] | undefined
}

/**
 * Throws INPUT_REFUSED for empty input, invalid UTF-8, an unusable document id, an unknown or invalid profile, where no unit is
 * found, and where no profile is named and none fits well enough. Everything else that is odd becomes a problem of the scan.
 */
export function scanDocument(source: Uint8Array, options: ScanOptions): Scan {
  const bytes = asBuffer(source)
  const { document, profile, profiles = [] } = options
  assertDocumentId(document)
  checkBytes(bytes, document)
  const best =
    profile === undefined ? detectedFit(bytes, options) : namedFit(bytes, options, profile, profiles)
  const records = best.placed.map(({ record }) => record)
  return {
    profile: best.profile.name,
    profileVersion: best.profile.version,
    confidence: best.confidence,
    why: best.why,
    bytes: bytes.length,
    sha256: sha256(bytes),
    encoding: 'utf-8',
    records,
    coverage: checkCoverage(records, bytes.length),
    problems: [...findByteProblems(bytes, best.headings), ...best.problems].sort((a, b) => a.start - b.start),
  }
}

/** The records that a cut writes. */
export function listUnits(scan: Scan): ScanRecord[] {
  return scan.records.filter((record) => record.kind === 'unit')
}

export function listProfileNames(profiles: readonly Profile[] = []): string[] {
  return [...profiles.map(({ name }) => name), ...listShippedProfiles()]
}

function namedFit(
  bytes: Uint8Array,
  { document }: ScanOptions,
  wanted: string | ProfileInput,
  profiles: readonly Profile[],
): ProfileFit {
  const profile = typeof wanted === 'string' ? findProfile(wanted, profiles) : parseProfile(wanted)
  const best = findBestFit(tryProfiles(bytes, document, [profile]))
  if (best !== null) return best
  throw noUnits(document, `profile ${profile.name}`, profiles)
}

/** The profile of a name, a user's own first. Throws INPUT_REFUSED that names the known ones. */
export function findProfile(wanted: string, profiles: readonly Profile[] = []): Profile {
  const profile = profiles.find(({ name }) => name === wanted) ?? findShippedProfile(wanted)
  if (profile !== null) return profile
  const known = listProfileNames(profiles)
  throw new CutterError(
    'INPUT_REFUSED',
    `no profile is called ${JSON.stringify(wanted)}; known are: ${known.join(', ')}`,
    { next: 'cutter document profiles', data: { profiles: known } },
  )
}

/** Below it a guess is no better than none. */
const ENOUGH = 0.3

function detectedFit(bytes: Uint8Array, { document, profiles = [] }: ScanOptions): ProfileFit {
  const all = [...profiles, ...listShippedProfiles().map((name) => findShippedProfile(name)!)]
  const when = (wanted: Profile['detect']['when']) =>
    all.filter((profile) => profile.detect.when === wanted && passesDetection(bytes, profile))
  const tried = when('first')
  // How a text begins says more than what is found in it.
  const certain = tried.filter(({ detect }) => detect.begins !== undefined)
  const first = tryProfiles(bytes, document, [...new Set([...certain, ...tried])])
  const best = findBestFit(first)
  if (best !== null && best.confidence >= ENOUGH) return best
  const more = [...first, ...tryProfiles(bytes, document, when('fallback'))]
  const other = findBestFit(more)
  if (other === null) throw noUnits(document, 'any profile', profiles)
  if (other.confidence >= ENOUGH) return other
  const candidates = more
    .filter(({ confidence }) => confidence > 0)
    .sort((a, b) => b.confidence - a.confidence)
    .map(({ profile, confidence, why }) => ({ profile: profile.name, confidence, why }))
  const named = candidates.map((each) => `${each.profile} ${each.confidence} (${each.why})`).join('; ')
  throw new CutterError(
    'INPUT_REFUSED',
    `no profile fits ${document} well enough to be taken unasked: ${named}`,
    {
      next: `look at the text and name one with --profile, e.g. --profile ${other.profile.name}`,
      data: { candidates, enough: ENOUGH },
    },
  )
}

function checkBytes(bytes: Uint8Array, document: string): void {
  if (bytes.length === 0) {
    throw new CutterError('INPUT_REFUSED', `the source of ${document} is empty`, {
      next: 'give the file that holds the text',
    })
  }
  if (isUtf8(bytes)) return
  const offset = findInvalidUtf8(bytes)
  const { line } = positionOf(bytes, offset)
  const encoding = likelyEncoding(bytes)
  throw new CutterError(
    'INPUT_REFUSED',
    `the source of ${document} is not UTF-8: byte ${offset} on line ${line} fits no character; it may be ${encoding}`,
    {
      next: `convert the source, e.g. iconv -f ${encoding} -t UTF-8 <source> > <new file>, look it through, and start with the new file`,
      data: { offset, line },
    },
  )
}

/** What office programs write besides UTF-8: UTF-16 shows by its byte-order mark, the rest is the usual one of the West. */
function likelyEncoding(bytes: Uint8Array): string {
  const [first, second] = bytes
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
    ? 'UTF-16'
    : 'WINDOWS-1252'
}

function noUnits(document: string, by: string, profiles: readonly Profile[]): CutterError {
  const names = listProfileNames(profiles)
  return new CutterError('INPUT_REFUSED', `no unit to cut is found in ${document} by ${by}`, {
    next: `units begin at Markdown headings ("## Article 5") or at numbered lines of their own ("Article 5", "§ 5", "Điều 5."): give the text such headings, or choose another way to read it with --profile (${names.join(', ')})`,
    data: { profiles: names },
  })
}
