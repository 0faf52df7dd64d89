import { CutterError } from '../domain/errors.ts'
import { type Found, type Heading, mostHeadings } from './found.ts'
import { type Lexicon, lexiconOf } from './heading.ts'
import { readHtml } from './html.ts'
import { levelNamed } from './leaf.ts'
import { asBuffer, byteOrderMark, textOf } from './lines.ts'
import { readMarkdown } from './markdown.ts'
import { type Boundary, outline } from './outline.ts'
import { readPlain } from './plain.ts'
import { type Problem, structureProblems } from './problems.ts'
import type { Profile, Syntax } from './profile.ts'
import { type Placed, recordsOf, wholeRecord } from './records.ts'
import { sequenceProblems } from './sequence-problems.ts'

/** What one profile makes of a text. */
export interface Fit {
  profile: Profile
  headings: Heading[]
  placed: Placed[]
  problems: Problem[]
  confidence: number
  why: string
}

const READERS: Record<Syntax, (bytes: Uint8Array, lexicon: Lexicon) => Found> = {
  markdown: readMarkdown,
  plain: readPlain,
  html: readHtml,
}

/** Tries profiles in the order of preference; one that fits wholly ends it, since none behind it can fit better. */
export function attemptAll(bytes: Uint8Array, document: string, profiles: readonly Profile[]): Fit[] {
  const fits: Fit[] = []
  for (const profile of profiles) {
    const ways = profile.syntax.map((syntax) => attempt(bytes, document, profile, syntax))
    // One profile's way to read is the one that finds most: a few lines may look like plain headings in any Markdown.
    const fit = ways.reduce((one, other) => (unitCount(other) > unitCount(one) ? other : one))
    fits.push(fit)
    if (fit.confidence === 1) return fits
  }
  return fits
}

const unitCount = ({ placed }: Fit) => placed.filter(({ record }) => isCut(record)).length

/** The best, the first of several; null where none found a unit. */
export function chosen(fits: Fit[]): Fit | null {
  const found = fits.filter(({ placed }) => placed.some(({ record }) => isCut(record)))
  return found.reduce<Fit | null>(
    (best, fit) => (best === null || fit.confidence > best.confidence ? fit : best),
    null,
  )
}

/** A title stands within so many bytes. */
const TITLE_BYTES = 400

/** Cheap signs that a profile asks for before it is tried unnamed. */
export function mayFit(bytes: Uint8Array, { detect }: Profile): boolean {
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

function attempt(bytes: Uint8Array, document: string, profile: Profile, syntax: Syntax): Fit {
  const found = READERS[syntax](bytes, lexiconOf(profile))
  if (found.headings.length > mostHeadings) {
    throw new CutterError('INPUT_REFUSED', `the source has more than ${mostHeadings} headings`)
  }
  const boundaries = outline(found, profile, syntax)
  const options = { document, profile }
  const isWhole = profile.whole !== undefined && !boundaries.some(({ kind }) => kind === 'unit')
  const placed = isWhole ? wholeRecord(bytes, found, options) : recordsOf(bytes, boundaries, found, options)
  const sequence = sequenceProblems(placed, boundaries, profile)
  const problems = [...structureProblems(bytes, found, boundaries, placed, profile, syntax), ...sequence]
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
  placed: Placed[],
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
  const isAnnex = (level: string | null) => levelNamed(level, profile)?.role === 'annex'
  // Annexes alone say nothing of what they are annexed to.
  const worth = units.every(({ level }) => isAnnex(level)) ? 0.25 : 1
  const why = `${known} of ${units.length} units of a known kind, ${numbered} numbered, ${sequence.length} breaks in the numbers`
  const confidence = (kinds + share(numbered) * 0.25 + inOrder * 0.25) * worth
  return { confidence: Math.round(confidence * 100) / 100, why }
}

export function isCut({ kind }: { kind: string }): boolean {
  return kind === 'unit' || kind === 'excluded'
}
