import { CutterError } from '../domain/errors.ts'
import type { Problem } from './diagnostics/problem.ts'
import { findSequenceProblems } from './diagnostics/sequence-problems.ts'
import { findStructureProblems } from './diagnostics/structure-problems.ts'
import type { Profile, Syntax } from './profiles/profile.ts'
import { readByFirstRules } from './reading-1/read-text.ts'
import { type Heading, mostHeadings, type SyntaxReading } from './structure/headings/heading-match.ts'
import { compileLexicon, type Lexicon } from './structure/headings/lexicon.ts'
import { findLevel } from './structure/leaf-level.ts'
import { type Boundary, buildOutline } from './structure/outline.ts'
import { buildRecords, buildSingleRecord, type PlacedRecord } from './structure/records.ts'
import { asBuffer, byteOrderMark, textOf } from './syntax/lines.ts'
import { readHtml } from './syntax/read-html.ts'
import { readMarkdown } from './syntax/read-markdown.ts'
import { readPlain } from './syntax/read-plain.ts'

/** The result of reading a text with one profile. */
export interface ProfileFit {
  profile: Profile
  /** The levels that are cut. */
  levels: string[]
  headings: Pick<Heading, 'text' | 'line' | 'start' | 'normalised'>[]
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

/** Tries profiles in the order of preference. A perfect fit ends the search, because no later profile can fit better. */
export function tryProfiles(
  bytes: Uint8Array,
  document: string,
  profiles: readonly Profile[],
  levels?: readonly string[],
): ProfileFit[] {
  const fits: ProfileFit[] = []
  for (const profile of profiles) {
    const attempts = profile.syntax.map((syntax) => tryProfile(bytes, { document, profile, syntax, levels }))
    // Of a profile's syntaxes the one with most units counts, because any Markdown may have a few lines like plain headings.
    const fit = attempts.reduce((one, other) => (unitCount(other) > unitCount(one) ? other : one))
    fits.push(fit)
    if (fit.confidence === 1) return fits
  }
  return fits
}

const unitCount = ({ placed }: ProfileFit) => placed.filter(({ record }) => isCut(record)).length

/** Returns the best fit, the first of several equal ones, or null if none found a unit. */
export function findBestFit(fits: ProfileFit[]): ProfileFit | null {
  const found = fits.filter(({ placed }) => placed.some(({ record }) => isCut(record)))
  return found.reduce<ProfileFit | null>(
    (best, fit) => (best === null || fit.confidence > best.confidence ? fit : best),
    null,
  )
}

/** A title is expected within this many bytes. */
const TITLE_BYTES = 400

/** Tests the cheap signs that a profile requires before it is tried without being named. */
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

interface Attempt {
  document: string
  profile: Profile
  syntax: Syntax
  levels: readonly string[] | undefined
}

function tryProfile(bytes: Uint8Array, attempt: Attempt): ProfileFit {
  const { document, profile, syntax } = attempt
  if (profile.rules === undefined) return { profile, ...readByFirstRules(bytes, attempt) }
  const found = READERS[syntax](bytes, compileLexicon(profile))
  if (found.headings.length > mostHeadings) {
    throw new CutterError('INPUT_REFUSED', `the source has more than ${mostHeadings} headings`)
  }
  const { boundaries, levels: cut } = buildOutline(found, profile, syntax, attempt.levels)
  const options = { document, profile }
  const wasSingle = profile.whole !== undefined && attempt.levels?.includes(profile.whole.name) === true
  const isSingle =
    wasSingle || (profile.whole !== undefined && !boundaries.some(({ kind }) => kind === 'unit'))
  const levels = isSingle ? [profile.whole!.name] : cut
  const placed = isSingle
    ? buildSingleRecord(bytes, found, options)
    : buildRecords(bytes, boundaries, found, options)
  const sequence = findSequenceProblems(placed, boundaries, profile)
  const problems = [...findStructureProblems(bytes, found, boundaries, placed, profile, syntax), ...sequence]
  const judged = isSingle
    ? { confidence: 0.2, why: 'no heading; the complete text is one unit' }
    : judgeFit(boundaries, placed, sequence, profile, syntax)
  return { profile, levels, headings: boundaries.map(({ heading }) => heading), placed, problems, ...judged }
}

/**
 * Computes the confidence: one half for units of a kind that the profile knows, one quarter each for numbers and their order.
 * Markdown or HTML gets a share for headings of unknown kind, because its syntax still shows where they are.
 */
function judgeFit(
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
  // Annexes alone are a weak sign, because they do not show the text that they belong to.
  const worth = units.every(({ level }) => isAnnex(level)) ? 0.25 : 1
  const why = `${known} of ${units.length} units of a known kind, ${numbered} numbered, ${sequence.length} breaks in the numbers`
  const confidence = (kinds + share(numbered) * 0.25 + inOrder * 0.25) * worth
  return { confidence: Math.round(confidence * 100) / 100, why }
}

/** Whether a record is a unit, excluded units included. */
function isCut({ kind }: { kind: string }): boolean {
  return kind === 'unit' || kind === 'excluded'
}
