import { CutterError } from '../domain/errors.ts'
import { findSequenceProblems } from './diagnostics/sequence-problems.ts'
import { findStructureProblems, type Problem } from './diagnostics/structure-problems.ts'
import type { Profile, Syntax } from './profiles/profile.ts'
import { type Heading, mostHeadings, type SyntaxReading } from './structure/headings/heading-match.ts'
import { compileLexicon, type Lexicon } from './structure/headings/read-heading.ts'
import { findLevel } from './structure/leaf-level.ts'
import { type Boundary, buildOutline } from './structure/outline.ts'
import { buildRecords, buildSingleRecord, type PlacedRecord } from './structure/records.ts'
import { asBuffer, byteOrderMark, textOf } from './syntax/lines.ts'
import { readHtml } from './syntax/read-html.ts'
import { readMarkdown } from './syntax/read-markdown.ts'
import { readPlain } from './syntax/read-plain.ts'

/** What one profile makes of a text. */
export interface ProfileFit {
  profile: Profile
  headings: Heading[]
  placed: PlacedRecord[]
  problems: Problem[]
  confidence: number
  why: string
}

const READERS: Record<Syntax, (bytes: Uint8Array, lexicon: Lexicon) => SyntaxReading> = {
  markdown: readMarkdown,
  plain: readPlain,
  html: readHtml,
}

/** Tries profiles in the order of preference; one that fits wholly ends it, since none behind it can fit better. */
export function tryProfiles(bytes: Uint8Array, document: string, profiles: readonly Profile[]): ProfileFit[] {
  const fits: ProfileFit[] = []
  for (const profile of profiles) {
    const ways = profile.syntax.map((syntax) => attempt(bytes, document, profile, syntax))
    // One profile's way to read is the one that finds most: a few lines may look like plain headings in any Markdown.
    const fit = ways.reduce((one, other) => (unitCount(other) > unitCount(one) ? other : one))
    fits.push(fit)
    if (fit.confidence === 1) return fits
  }
  return fits
}

const unitCount = ({ placed }: ProfileFit) => placed.filter(({ record }) => isCut(record)).length

/** The best, the first of several; null where none found a unit. */
export function findBestFit(fits: ProfileFit[]): ProfileFit | null {
  const found = fits.filter(({ placed }) => placed.some(({ record }) => isCut(record)))
  return found.reduce<ProfileFit | null>(
    (best, fit) => (best === null || fit.confidence > best.confidence ? fit : best),
    null,
  )
}

/** A title stands within so many bytes. */
const TITLE_BYTES = 400

/** Cheap signs that a profile asks for before it is tried unnamed. */
export function passesDetection(bytes: Uint8Array, { detect }: Profile): boolean {
  const { begins, words, titleWords } = detect
  if (begins !== undefined) {
    const head = textOf(bytes, byteOrderMark(bytes), Math.min(bytes.length, 2_000)).toLowerCase()
    const text = head.replace(/^(?:\s|<!--(?:[^-]|-(?!->))*-->)*/, '')
    if (!begins.some((each) => text.startsWith(each.toLowerCase()))) return false
  }
  const source = asBuffer(bytes)
  const holds = (text: Buffer, wanted: string[] | undefined) =>
    wanted === undefined || wanted.some((word) => text.includes(word))
  return holds(source, words) && holds(source.subarray(0, TITLE_BYTES), titleWords)
}

function attempt(bytes: Uint8Array, document: string, profile: Profile, syntax: Syntax): ProfileFit {
  const found = READERS[syntax](bytes, compileLexicon(profile))
  if (found.headings.length > mostHeadings) {
    throw new CutterError('INPUT_REFUSED', `the source has more than ${mostHeadings} headings`)
  }
  const boundaries = buildOutline(found, profile, syntax)
  const options = { document, profile }
  const isWhole = profile.whole !== undefined && !boundaries.some(({ kind }) => kind === 'unit')
  const placed = isWhole
    ? buildSingleRecord(bytes, found, options)
    : buildRecords(bytes, boundaries, found, options)
  const sequence = findSequenceProblems(placed, boundaries, profile)
  const problems = [...findStructureProblems(bytes, found, boundaries, placed, profile, syntax), ...sequence]
  const judged = isWhole
    ? { confidence: 0.2, why: 'no heading; the whole text is one unit' }
    : judge(boundaries, placed, sequence, profile, syntax)
  return { profile, headings: boundaries.map(({ heading }) => heading), placed, problems, ...judged }
}

/**
 * Half for units of a kind that the profile knows, a quarter each for being numbered and for being in order. Markdown or HTML
 * whose headings are of no known kind still shows where they are.
 */
function judge(
  boundaries: Boundary[],
  placed: PlacedRecord[],
  sequence: Problem[],
  profile: Profile,
  syntax: Syntax,
): { confidence: number; why: string } {
  const units = placed.filter(({ record }) => isCut(record)).map(({ record }) => record)
  const levels = new Set(units.map(({ level }) => level))
  const missing = profile.detect.needs?.find((level) => !levels.has(level))
  if (missing !== undefined) return { confidence: 0, why: `no unit of level ${missing}` }
  if (units.length === 0 || boundaries.length === 0) return { confidence: 0, why: 'no heading begins a unit' }
  const known = units.filter((unit) => unit.level !== profile.unnamed.name).length
  const numbered = units.filter((unit) => unit.number !== null).length
  const shown = syntax === 'plain' ? 0 : 0.3
  const share = (count: number) => count / units.length
  const inOrder = share(numbered) * (1 - Math.min(1, share(sequence.length)))
  const kinds = share(known) * 0.5 + share(units.length - known) * shown
  const isAnnex = (level: string | null) => findLevel(level, profile)?.role === 'annex'
  // Annexes alone say nothing of what they are annexed to.
  const worth = units.every(({ level }) => isAnnex(level)) ? 0.25 : 1
  const why = `${known} of ${units.length} units of a known kind, ${numbered} numbered, ${sequence.length} breaks in the numbers`
  const confidence = (kinds + share(numbered) * 0.25 + inOrder * 0.25) * worth
  return { confidence: Math.round(confidence * 100) / 100, why }
}

export function isCut({ kind }: { kind: string }): boolean {
  return kind === 'unit' || kind === 'excluded'
}
