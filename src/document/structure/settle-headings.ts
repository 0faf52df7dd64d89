import type { Profile, Syntax } from '../profiles/profile.ts'
import { type Doubt, type Heading, mostDoubts, type SyntaxReading } from './headings/heading-match.ts'
import { findLevel, levelRank, nameNumberedHeadings } from './leaf-level.ts'
import { keepMarkerSeries, type SeriesDoubt } from './marker-series.ts'
import { compareNumbers } from './numerals/compare-numbers.ts'
import { resolveLetterNumbers } from './numerals/letter-numbering.ts'
import { isBlank } from './own-text.ts'
import { resolveRaisedNumbers } from './raised-numbers.ts'
import { withoutContents, withoutContentsDoubts } from './tables-of-contents.ts'

/** The headings that count, and the lines that read like headings and do not count. */
interface SettledHeadings {
  headings: Heading[]
  doubts: Doubt[]
}

/** The reason for a doubt of a heading that may be the item of a list. */
export const IN_LIST = 'a list that begins before it has the number before its number'

/** The reason for a doubt of numbers that begin again without a heading of a part. */
export const AGAIN = 'the numbers begin again here and run as far as before'

/** The reason for a doubt of a numbered title that does not continue the numbers. */
export const UNFIT = 'its number comes too far behind the number before it'

/** The reason for a doubt of the next number behind a line that no sign ends. */
const BEHIND_TEXT = 'it may stand inside of a sentence'

const SERIES_DOUBTS: { [why in SeriesDoubt]: string } = {
  again: AGAIN,
  'in-list': IN_LIST,
  unfit: UNFIT,
  'behind-text': BEHIND_TEXT,
}

/** The reason for a doubt of a number that begins again at 1 in the text of a unit. */
export const AGAIN_AT_ONE = 'the numbers begin again at 1'

/** Decides by all headings of a text which ones count, and what their numbers are. */
export function settleHeadings(
  bytes: Uint8Array,
  { headings: found, doubts: rejected }: SyntaxReading,
  profile: Profile,
  syntax: Syntax,
  levels?: readonly string[],
): SettledHeadings {
  const doubts = [...rejected]
  const doubt = (heading: Heading, why: string) => {
    if (heading.level === null || doubts.length >= mostDoubts) return
    const { line, start, text, level, number, sort, words } = heading
    const isBare = heading.after > start && words.replace(/[\s\p{P}]/gu, '') === ''
    doubts.push({ line, start, text, level, number, sort, isBare, why })
  }
  const marked = keepMarkedKinds(
    keepMarkerSeries(found, profile, (heading, why) => doubt(heading, SERIES_DOUBTS[why])),
    profile,
    syntax,
    doubt,
  )
  const certain = keepContinued(marked, profile, doubt)
  const numbered = nameNumberedHeadings(
    resolveRaisedNumbers(resolveLetterNumbers(resolveThousands(certain))),
    profile,
    levels,
  )
  const headings = withoutContents(bytes, withoutRepetitions(bytes, numbered))
  return { headings, doubts: withoutContentsDoubts(doubts, headings) }
}

/** Minimum number of marked headings of a kind for which the beginnings of paragraphs are only text. */
const FEWEST_MARKED = 2

/**
 * Markdown that marks its articles as headings has no articles among its paragraphs: "Article 2" on a line there is a doubt, and
 * "**Section 1.**" is a part of its article. The beginnings of paragraphs count if they are of a narrower kind than all that is
 * marked, e.g. articles below headings of sections.
 */
function keepMarkedKinds(
  headings: Heading[],
  profile: Profile,
  syntax: Syntax,
  doubt: (heading: Heading, why: string) => void,
): Heading[] {
  if (syntax === 'plain') return headings
  const isLeaf = ({ level }: Heading) => findLevel(level, profile)?.role === 'leaf'
  const marked = headings.filter(({ paragraph }) => paragraph === undefined)
  const starts = headings.filter(({ paragraph }) => paragraph !== undefined)
  if (starts.length === 0) return headings
  if (marked.some(({ element }) => element !== undefined)) return marked
  // Without a heading that Markdown marks, only bold words are Markdown.
  if (syntax === 'markdown' && marked.length === 0 && !hasMarks(profile)) {
    return starts.some(({ paragraph }) => paragraph === 'bold') ? headings : []
  }
  const leaves = marked.filter((heading) => isLeaf(heading) && heading.number !== null)
  const bare = marked.filter(({ level, number }) => level === null && number !== null).length
  if (profile.leaves !== 'most-frequent') return headings
  if (leaves.length < FEWEST_MARKED && bare < FEWEST_MARKED * 2) return headings
  const narrowest = Math.max(-1, ...leaves.map(({ level }) => levelRank(level, profile)))
  const known = starts.filter((heading) => isLeaf(heading)).length
  const isKept = (heading: Heading) =>
    heading.paragraph === undefined ||
    heading.weak !== undefined ||
    (levelRank(heading.level, profile) > narrowest && isLeaf(heading) && known > leaves.length + bare)
  const kinds = new Set(leaves.map(({ level }) => level))
  for (const heading of starts)
    if (!isKept(heading) && kinds.has(heading.level))
      doubt(heading, 'the others of its kind are marked as headings')
  return headings.filter(isKept)
}

const hasMarks = ({ levels }: Profile) => levels.some(({ marks }) => marks.length > 0)

/** Keeps a tentative heading only if its number is the next of its kind. */
function keepContinued(
  headings: Heading[],
  profile: Profile,
  doubt: (heading: Heading, why: string) => void,
): Heading[] {
  if (!headings.some(({ tentative }) => tentative !== undefined)) return headings
  const last = new Map<string, string>()
  const restarting = new Set<string>()
  return headings.filter((heading) => {
    const { level, sort, tentative } = heading
    // In a new chapter numbers may restart.
    if (tentative === undefined && findLevel(level, profile)?.role === 'container')
      for (const [name] of last)
        if (levelRank(name, profile) > levelRank(level, profile)) restarting.add(name)
    if (level === null || sort === null) return tentative === undefined
    const before = last.get(level)
    if (tentative !== undefined && !continues(before, sort)) {
      const restarts = /^1(?!\d)/.test(sort)
      if (!restarts || !restarting.has(level)) {
        doubt(heading, restarts ? AGAIN_AT_ONE : tentative)
        return false
      }
    }
    restarting.delete(level)
    last.set(level, sort)
    return true
  })
}

function continues(before: string | undefined, sort: string): boolean {
  const number = Number(/^\d+/.exec(sort)?.[0])
  if (before === undefined) return number === 1
  const last = Number(/^\d+/.exec(before)?.[0])
  return number === last + 1 || (number === last && compareNumbers(before, sort) < 0)
}

/** "1.040" is 1040 where all numbers with points are like it and others have none. */
function resolveThousands(headings: Heading[]): Heading[] {
  if (!headings.some(({ thousands }) => thousands !== null)) return headings
  const pointed = headings.filter(({ number }) => number?.includes('.'))
  const plain = headings.filter(
    ({ number }) => number !== null && /^\d+/.test(number) && !number.includes('.'),
  )
  if (plain.length === 0 || pointed.some(({ thousands }) => thousands === null)) return headings
  return headings.map((heading) =>
    heading.thousands === null ? heading : { ...heading, number: heading.thousands, sort: heading.thousands },
  )
}

/** A heading that repeats the one directly before it and has the text of both, as in a text of two languages, is the same heading. */
function withoutRepetitions(bytes: Uint8Array, headings: Heading[]): Heading[] {
  return headings.filter((heading, i) => {
    const before = headings[i - 1]
    if (before === undefined || heading.number === null || before.level === null) return true
    const same =
      before.level === heading.level && before.number === heading.number && before.depth === heading.depth
    if (!same || before.after === before.start || !isBlank(bytes, before.after, heading.start)) return true
    return isBlank(bytes, heading.after, headings[i + 1]?.start ?? bytes.length)
  })
}
