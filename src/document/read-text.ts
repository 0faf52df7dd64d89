import { CutterError } from '../domain/errors.ts'
import { findEmptyUnits } from './diagnostics/empty-units.ts'
import { findMissedHeadings } from './diagnostics/missed-headings.ts'
import { findNumbersBehindTitles } from './diagnostics/numbers-behind-titles.ts'
import type { Problem } from './diagnostics/problem.ts'
import { findSequenceProblems } from './diagnostics/sequence-problems.ts'
import { findSiteProblems } from './diagnostics/site-problems.ts'
import { findStruckText } from './diagnostics/struck-text.ts'
import { findStructureProblems } from './diagnostics/structure-problems.ts'
import { findUnreadList } from './diagnostics/unread-lists.ts'
import { judgeFit } from './judge-fit.ts'
import type { Profile, Syntax } from './profiles/profile.ts'
import { readByFirstRules } from './reading-1/read-text.ts'
import { cutOwnText } from './structure/cut-own-text.ts'
import { cutProvisions } from './structure/cut-provisions.ts'
import { mostHeadings, type SyntaxReading } from './structure/headings/heading-match.ts'
import { compileLexicon, type Lexicon } from './structure/headings/lexicon.ts'
import { buildOutline } from './structure/outline.ts'
import { buildRecords, buildSingleRecord, type PlacedRecord } from './structure/records.ts'
import { readHtml } from './syntax/read-html.ts'
import { readMarkdown } from './syntax/read-markdown.ts'
import { readPlain } from './syntax/read-plain.ts'

/** The result of reading a text with one profile. */
export interface ProfileFit {
  profile: Profile
  /** The levels that are cut. */
  levels: string[]
  headings: { text: string; line: number; start: number; normalised: boolean }[]
  placed: PlacedRecord[]
  problems: Problem[]
  confidence: number
  /** To compare fits with, 0 to 1. */
  merit: number
  why: string
  /** Whether narrower units may have been missed: few were found, or a run of numbers stands before the first one. */
  isCoarse: boolean
  /** Whether it is cut at its chapters, because nothing narrower was found. */
  isGuess: boolean
}

/** What to read, and how. */
export interface ReadingAttempt {
  document: string
  profile: Profile
  syntax: Syntax
  /** The levels that are cut; left out: the rules find them. */
  levels: readonly string[] | undefined
}

const READERS: Record<Syntax, (bytes: Uint8Array, lexicon: Lexicon) => SyntaxReading> = {
  markdown: readMarkdown,
  plain: readPlain,
  html: readHtml,
}

/** A run of numbers without a word that is longer than this may be the sections of an act. */
const RUN = 2

/**
 * Reads a text with one profile, by the rules that the profile names.
 *
 * @throws INPUT_REFUSED when the text has too many headings.
 */
export function readText(bytes: Uint8Array, attempt: ReadingAttempt): ProfileFit {
  const { document, profile, syntax, levels } = attempt
  if (profile.rules === undefined) {
    const read = readByFirstRules(bytes, attempt)
    return { profile, isCoarse: false, isGuess: false, merit: read.confidence, ...read }
  }
  const found = READERS[syntax](bytes, compileLexicon(profile))
  if (found.headings.length > mostHeadings) {
    throw new CutterError('INPUT_REFUSED', `the source has more than ${mostHeadings} headings`)
  }
  const outline = buildOutline(bytes, found, profile, syntax, levels)
  const { boundaries } = outline
  const { whole } = profile
  const isSingle =
    whole !== undefined &&
    (levels?.includes(whole.name) === true || !boundaries.some(({ kind }) => kind === 'unit'))
  const options = { document, profile }
  const placed = isSingle
    ? buildSingleRecord(bytes, found, options)
    : cutOwnText(cutProvisions(bytes, buildRecords(bytes, boundaries, found, options), boundaries, profile), {
        bytes,
        boundaries,
        document,
        bodyStart: found.bodyStart,
        site: found.site,
      })
  const sequence = findSequenceProblems(placed, boundaries, profile)
  const missed = isSingle
    ? { problems: [], share: 1 }
    : findMissedHeadings(bytes, { ...outline, placed, profile, syntax })
  const judged = isSingle
    ? { confidence: 0.2, merit: 0.2, why: 'no heading; the complete text is one unit' }
    : judgeFit(outline, placed, [...sequence, ...missed.problems], missed.share, profile, syntax)
  const units = placed.filter(({ record: { kind, number } }) => kind === 'unit' && number !== null).length
  return {
    profile,
    levels: isSingle ? [whole!.name] : outline.levels,
    headings: boundaries.map(({ heading }) => heading),
    placed,
    problems: [
      ...findStructureProblems(bytes, found, boundaries, placed, profile, syntax),
      ...sequence,
      ...missed.problems,
      ...findStruckText(bytes, placed, syntax),
      ...findSiteProblems(bytes, found.site, placed),
      ...(isSingle ? [] : findEmptyUnits(bytes, boundaries, placed, profile, syntax)),
      ...findNumbersBehindTitles(boundaries, profile),
      ...findUnreadList(bytes, placed, syntax),
    ],
    isGuess: outline.isContainer,
    isCoarse: outline.isContainer || units <= 1 || found.bareRun > RUN,
    ...judged,
  }
}
