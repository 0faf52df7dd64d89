import { CutterError } from '../../domain/errors.ts'
import type { Problem } from '../diagnostics/problem.ts'
import { findStructureProblems } from '../diagnostics/structure-problems.ts'
import type { Profile, Syntax } from '../profiles/profile.ts'
import type { PlacedRecord } from '../structure/records.ts'
import { findSequenceProblems } from './diagnostics/sequence-problems.ts'
import { type Heading, mostHeadings, type SyntaxReading } from './structure/headings/heading-match.ts'
import { compileLexicon, type Lexicon } from './structure/headings/lexicon.ts'
import { findLevel } from './structure/leaf-level.ts'
import { type Boundary, buildOutline } from './structure/outline.ts'
import { buildRecords, buildSingleRecord } from './structure/records.ts'
import { readHtml } from './syntax/read-html.ts'
import { readMarkdown } from './syntax/read-markdown.ts'
import { readPlain } from './syntax/read-plain.ts'

/*
 * The first rules of reading, for profiles without `rules`. This folder never changes: a document that was cut by these rules keeps
 * its units when it is amended, and runs that began under them continue.
 */

const READERS: Record<Syntax, (bytes: Uint8Array, lexicon: Lexicon) => SyntaxReading> = {
  markdown: readMarkdown,
  plain: readPlain,
  html: readHtml,
}

/** Reads a text by the first rules. `levels` are those that are cut; left out: the rules find them. */
export function readByFirstRules(
  bytes: Uint8Array,
  {
    document,
    profile,
    syntax,
    levels: wanted,
  }: { document: string; profile: Profile; syntax: Syntax; levels: readonly string[] | undefined },
): {
  levels: string[]
  headings: Heading[]
  placed: PlacedRecord[]
  problems: Problem[]
  confidence: number
  why: string
} {
  const found = READERS[syntax](bytes, compileLexicon(profile))
  if (found.headings.length > mostHeadings) {
    throw new CutterError('INPUT_REFUSED', `the source has more than ${mostHeadings} headings`)
  }
  const { boundaries, levels: cut } = buildOutline(found, profile, syntax, wanted)
  const options = { document, profile }
  const wasSingle = profile.whole !== undefined && wanted?.includes(profile.whole.name) === true
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
  return { levels, headings: boundaries.map(({ heading }) => heading), placed, problems, ...judged }
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
  const units = placed
    .filter(({ record: { kind } }) => kind === 'unit' || kind === 'excluded')
    .map(({ record }) => record)
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
