import { CutterError } from '../domain/errors.ts'
import { sha256 } from '../domain/json.ts'
import { checkDocumentId } from './address.ts'
import { type Found, mostHeadings } from './found.ts'
import { lexiconOf } from './heading.ts'
import { positionOf } from './lines.ts'
import { readMarkdown } from './markdown.ts'
import { outline } from './outline.ts'
import { readPlain } from './plain.ts'
import {
  byteProblems,
  collisionProblems,
  guessProblems,
  headingProblems,
  lengthProblems,
  type Problem,
  sequenceProblems,
} from './problems.ts'
import { type Profile, parseProfile } from './profile.ts'
import { detected, profiles } from './profiles/registry.ts'
import { coverageOf, type Placed, recordsOf, type ScanRecord, type Span } from './records.ts'
import { invalidUtf8At } from './utf8.ts'

export type { Problem } from './problems.ts'
export type { Profile } from './profile.ts'
export type { ScanRecord } from './records.ts'

/**
 * Cutting a text: bytes in, records out, nothing touched. Headings are matched on each line's composed form (NFC) and
 * the cut is made in the raw bytes, so that the records, one after the other, are the source again, byte for byte.
 */
export interface Scan {
  profile: string
  profileVersion: string
  /** 0 to 1: how much of what was found is numbered, known by name, and in order. */
  confidence: number
  bytes: number
  sha256: string
  encoding: 'utf-8'
  records: ScanRecord[]
  coverage: { complete: boolean; gaps: Span[]; overlaps: Span[] }
  problems: Problem[]
}

/**
 * Throws INPUT_REFUSED for empty input, invalid UTF-8, an unusable document id, an unknown or invalid profile, and
 * where no unit is found. Everything else that is odd becomes a problem of the scan.
 */
export function scan(bytes: Uint8Array, options: { document: string; profile?: string | Profile }): Scan {
  checkDocumentId(options.document)
  checkBytes(bytes, options.document)
  const candidates = options.profile === undefined ? detected : [profileOf(options.profile)]
  const attempts = candidates.map((profile) => attempt(bytes, options.document, profile))
  const best = attempts.reduce((one, other) => (other.confidence > one.confidence ? other : one))
  if (!best.placed.some(({ record }) => isCut(record))) throw noUnits(options)
  const records = best.placed.map(({ record }) => record)
  return {
    profile: best.profile.name,
    profileVersion: best.profile.version,
    confidence: best.confidence,
    bytes: bytes.length,
    sha256: sha256(bytes),
    encoding: 'utf-8',
    records,
    coverage: coverageOf(records, bytes.length),
    problems: [...byteProblems(bytes), ...best.problems].sort((a, b) => a.start - b.start),
  }
}

/** The records that a cut writes. */
export function unitsOf(scan: Scan): ScanRecord[] {
  return scan.records.filter((record) => record.kind === 'unit')
}

export function profileNames(): string[] {
  return profiles.map((profile) => profile.name)
}

interface Attempt {
  profile: Profile
  placed: Placed[]
  problems: Problem[]
  confidence: number
}

function attempt(bytes: Uint8Array, document: string, profile: Profile): Attempt {
  const lexicon = lexiconOf(profile)
  const found = profile.syntax === 'markdown' ? readMarkdown(bytes, lexicon) : readPlain(bytes, lexicon)
  if (found.headings.length > mostHeadings) {
    throw new CutterError('INPUT_REFUSED', `the source has more than ${mostHeadings} headings`)
  }
  const placed = recordsOf(bytes, outline(found, profile), found.bodyStart, { document, profile })
  const sequence = sequenceProblems(placed, profile.address.includes('{container}'))
  const problems = [
    ...headingProblems(found),
    ...collisionProblems(placed),
    ...lengthProblems(placed),
    ...sequence,
    ...guessProblems(placed, profile),
  ]
  return { profile, placed, problems, confidence: confidenceOf(found, placed, sequence, profile) }
}

/** Half for units of a kind that the profile knows, a quarter each for being numbered and for being in order. */
function confidenceOf(found: Found, placed: Placed[], sequence: Problem[], profile: Profile): number {
  const units = placed.filter(({ record }) => isCut(record)).map(({ record }) => record)
  if (units.length === 0 || found.headings.length === 0) return 0
  const known = units.filter((unit) => unit.level !== profile.unnamed.name).length / units.length
  const numbered = units.filter((unit) => unit.number !== null).length / units.length
  const inOrder = numbered * (1 - Math.min(1, sequence.length / units.length))
  return Math.round((known * 0.5 + numbered * 0.25 + inOrder * 0.25) * 100) / 100
}

function isCut(record: ScanRecord): boolean {
  return record.kind === 'unit' || record.kind === 'excluded'
}

function checkBytes(bytes: Uint8Array, document: string): void {
  if (bytes.length === 0) {
    throw new CutterError('INPUT_REFUSED', `the source of ${document} is empty`, {
      next: 'give the file that holds the text',
    })
  }
  const offset = invalidUtf8At(bytes)
  if (offset < 0) return
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

function profileOf(wanted: string | Profile): Profile {
  if (typeof wanted !== 'string') return parseProfile(wanted)
  const profile = profiles.find(({ name }) => name === wanted)
  if (profile !== undefined) return profile
  throw new CutterError(
    'INPUT_REFUSED',
    `no profile is called ${JSON.stringify(wanted)}; known are: ${profileNames().join(', ')}`,
    {
      data: { profiles: profileNames() },
    },
  )
}

function noUnits({ document, profile }: { document: string; profile?: string | Profile }): CutterError {
  const by =
    profile === undefined ? 'any profile' : `profile ${typeof profile === 'string' ? profile : profile.name}`
  return new CutterError('INPUT_REFUSED', `no unit to cut is found in ${document} by ${by}`, {
    next: `units begin at Markdown headings ("## Article 5") or at numbered lines of their own ("Article 5", "§ 5", "Điều 5."): give the text such headings, or choose another way to read it with --profile (${profileNames().join(', ')})`,
    data: { profiles: profileNames() },
  })
}
