import { cleanHeading } from '../structure/headings/clean-heading.ts'
import { type Doubt, findUnread, type Heading } from '../structure/headings/heading-match.ts'
import { type Lexicon, mayBeForm } from '../structure/headings/lexicon.ts'
import { type MarkerMatch, matchMarkers } from '../structure/headings/list-markers.ts'
import { type HeadingReading, readHeading } from '../structure/headings/read-heading.ts'
import { findStatusMark, struckOutMark } from '../structure/headings/repeal-status.ts'
import { type Line, textOf } from './lines.ts'
import { isSetOff, mayBeSetOff, type PrecedingText } from './run-in-headings.ts'
import { findUnreadHeading } from './unread-heading.ts'

// Headings without a syntax of their own: on a line of their own, or the beginning of a paragraph.

const LONGEST_TITLE = 160
/** A title that ends like a sentence. */
const LONGEST_ENDED_TITLE = 60
/** "APPENDIX: How to apply", "Annex – Fees": an annex without a number, with a title. */
const TITLED = /^\p{Lu}[\p{L}\p{M}]*(?::|\s?[–—-])\s+["“«(]?[\p{Lu}\p{Lo}]/u
/** One word behind the number may be a part of it that no profile knows: "Article 5 bis". */
const ONE_WORD = /^[-‐‑–]?\s?[\p{L}\p{M}]{1,14}(?:[\s-][\p{L}\p{N}]{1,2})?[.:]?$/u
const ONE_WORD_SET_OFF = /^[-‐‑–]?\s?[\p{L}\p{M}]{1,14}(?:[\s-][\p{L}\p{N}]{1,2})?\s?[.:–—)\]]+(?:\s|$)/u
/** A number, its words and a title are read within this many bytes. */
const READ_BYTES = 640

/** A line with its place in the text. */
export interface LinePlace {
  line: Line
  /** Start of the line's text. */
  from: number
  before: PrecedingText
  /** Lines of text since the last marker. */
  textBefore: number
}

/** What a line was read as. */
export interface ReadLine {
  heading: Heading | null
  doubt: Doubt | null
}

const NOTHING: ReadLine = { heading: null, doubt: null }

/**
 * Reads the line as a heading in words of the profile: "Article 5" alone or with a title, "**§ 5 Fees**", "Article 5. Everyone has …". A
 * line that has such words and a number and is no heading is a doubt.
 */
export function readWordsHeading(
  bytes: Uint8Array,
  place: LinePlace,
  depth: number,
  lexicon: Lexicon,
): ReadLine {
  const { line, from, before } = place
  const end = within(bytes, from, line.end, READ_BYTES)
  const raw = textOf(bytes, from, end).trim()
  return readParagraphStart(
    raw,
    { line, before, isComplete: end === line.end, after: line.next, depth },
    lexicon,
  )
}

/** The place of a text that begins a paragraph. */
interface ParagraphPlace {
  line: Line
  before: PrecedingText
  /** Whether the text is all of the line, or of the paragraph. */
  isComplete: boolean
  /** The end of the line, or of the paragraph. */
  after: number
  depth: number
}

/** Reads the text of a paragraph's beginning as `readWordsHeading` does. */
export function readParagraphStart(
  raw: string,
  { line, before, isComplete, after, depth }: ParagraphPlace,
  lexicon: Lexicon,
): ReadLine {
  const bold = boldWords(raw)
  const { text, isStruck } = cleanHeading(raw)
  if (text === '' || !mayBeForm(text, lexicon)) return NOTHING
  // Only the bold words are the heading, unless a letter of its number follows: "**Art. 191** a Doors".
  const inBold =
    bold === null || bold.isLine || /^\s?[a-z]\s+\p{Lu}/u.test(bold.behind)
      ? null
      : cleanHeading(bold.text).text
  const first = inBold === null ? null : readHeading(inBold, lexicon)
  const read =
    first === null || first.level === null || first.number === null
      ? readHeading(text, lexicon)
      : { ...first, rest: `${first.rest} ${text.slice(inBold!.length)}`.trim() }
  const isOwnLine = isComplete && text.length <= LONGEST_TITLE
  if (read.level === null) {
    const unread = { number: null, sort: null }
    const heading = { line: line.number, start: line.start, text: raw.normalize('NFC'), ...unread }
    return readUnread(text, { before, isOwnLine }, heading, lexicon)
  }
  const mark =
    findStatusMark(read.rest, lexicon.profile) ??
    (isStruck ? struckOutMark(read.rest, lexicon.profile) : null)
  const heading: Heading = {
    line: line.number,
    start: line.start,
    after,
    depth,
    text: raw.normalize('NFC'),
    normalised: raw === raw.normalize('NFC'),
    level: read.level.name,
    number: read.number,
    sort: read.sort,
    letter: read.letter,
    thousands: read.thousands,
    words: mark?.without ?? read.rest,
    mark,
    unread: read.number === null ? null : findUnread(text, read.rest),
    paragraph: bold === null ? 'words' : 'bold',
  }
  const isBare = read.rest.replace(/[\s\p{P}]/gu, '') === ''
  if (read.number === null) {
    const isAnnex = read.level.role === 'annex'
    const stands =
      isOwnLine &&
      (read.rest === ''
        ? (isAnnex || read.level.role === 'aside') && !/[.,;]$/.test(raw)
        : isAnnex && before === 'break' && TITLED.test(text))
    // "附則　この法律は…": a space ends the words, because the script has no other spaces.
    if (!stands && isAside(read.level.role) && before !== 'text' && HAN_WORDS.test(text)) {
      const words = text.slice(0, text.length - read.rest.length).trim()
      if (/^[（(][^（()）]*[)）]$/u.test(read.rest)) return { heading, doubt: null }
      return { heading: { ...heading, after: line.start, text: words, words: '' }, doubt: null }
    }
    return stands ? { heading, doubt: null } : readUnread(text, { before, isOwnLine }, heading, lexicon)
  }
  // Georgian has small letters alone.
  const why =
    /^\p{Ll}/u.test(text) && !/^\p{sc=Georgian}/u.test(text) ? 'it begins with a small letter' : null
  const doubt = (reason: string): ReadLine => ({
    heading: null,
    doubt: doubtOf(heading, isBare || mayBeNumber(read.rest, { before, isOwnLine }), reason),
  })
  if (why !== null) return doubt(why)
  const isTitled = mark !== null || bold?.isLine === true || isTitle(read.rest, before)
  if (isOwnLine && (isBare || isTitled)) return { heading, doubt: null }
  return (
    readRunIn(text, read, heading, before, bold) ??
    doubt(before === 'text' ? 'it stands inside of a paragraph' : 'a sentence continues behind its number')
  )
}

/** Whether one word stands behind the number, as a part of it that no profile knows would. */
const mayBeNumber = (rest: string, place: { before: PrecedingText; isOwnLine: boolean }) =>
  (place.isOwnLine && ONE_WORD.test(rest)) || (place.before !== 'text' && ONE_WORD_SET_OFF.test(rest))

const isAside = (role: string) => role === 'annex' || role === 'aside'

const HAN_WORDS = /^[\p{sc=Han}\p{sc=Hangul}]{2,6}(?:\s|[（(])/u

/** A line that begins with the words of a heading and has no number that was read is a doubt, if it has the shape of a heading. */
function readUnread(
  text: string,
  place: { before: PrecedingText; isOwnLine: boolean },
  heading: Omit<DoubtedHeading, 'level'>,
  lexicon: Lexicon,
): ReadLine {
  if (/^\p{Ll}/u.test(text) && !/^\p{sc=Georgian}/u.test(text)) return NOTHING
  const unread = findUnreadHeading(text, place, lexicon)
  if (unread === null || !unread.isLikely) return NOTHING
  const doubted = { ...heading, level: unread.level.name }
  return { heading: null, doubt: doubtOf(doubted, true, 'no number is read in its words') }
}

function readRunIn(
  text: string,
  { rest }: HeadingReading,
  heading: Heading,
  before: PrecedingText,
  bold: BoldWords | null,
): ReadLine | null {
  if (rest === '' || !text.endsWith(rest)) return null
  const numbered = text.slice(0, text.length - rest.length)
  const runIn = {
    ...heading,
    after: heading.start,
    text: numbered.trim(),
    words: heading.mark?.without ?? '',
    mark: heading.mark,
  }
  if (isSetOff(numbered, rest, before) || (bold !== null && before !== 'text'))
    return { heading: runIn, doubt: null }
  if (!mayBeSetOff(numbered, rest, before)) return null
  return { heading: { ...runIn, tentative: 'no sign ends its number' }, doubt: null }
}

type DoubtedHeading = Pick<Heading, 'line' | 'start' | 'text' | 'level' | 'number' | 'sort'>

function doubtOf(
  { line, start, text, level, number, sort }: DoubtedHeading,
  isBare: boolean,
  why: string,
): Doubt {
  return { line, start, text: text.slice(0, LONGEST_TITLE), level: level!, number, sort, isBare, why }
}

/** Bold words at the beginning of a line. */
interface BoldWords {
  text: string
  /** The text behind them. */
  behind: string
  /** Whether they are all of the line. */
  isLine: boolean
}

function boldWords(raw: string): BoldWords | null {
  const bold = /^(\*\*|__)(?=\S)/.exec(raw)
  if (bold === null) return null
  const end = raw.indexOf(bold[1]!, 2)
  if (end < 3 || end > LONGEST_TITLE) return null
  const behind = raw.slice(end + 2)
  return { text: raw.slice(0, end + 2), behind, isLine: behind.replace(/[\s.:]/g, '') === '' }
}

/** Tells a heading with a title, "Điều 5. Giải thích từ ngữ", from a sentence, "Article 5 of the Act applies,". */
function isTitle(words: string, before: PrecedingText): boolean {
  if (before === 'text' || /[,;，；、]$/.test(words)) return false
  if (/^\s*[.:)/\]‐‒–—―−-]/.test(words)) return true
  return before === 'break' && /^[\p{Lu}\p{Lo}(["“«]/u.test(words) && !/[.:。：]$/.test(words)
}

/** Finds the readings of a marker at the beginning of a line. Their series is tested later (marker-series.ts). */
export function findMarkerHeadings(
  bytes: Uint8Array,
  place: LinePlace,
  depth: number,
  lexicon: Lexicon,
): Heading[] {
  const { line, from, before } = place
  if (lexicon.marks.length === 0) return []
  const raw = textOf(bytes, from, within(bytes, from, line.end, READ_BYTES))
  const text = raw.normalize('NFC').replace(/^([^\s\\]{1,8})\\(?=[.)])/, '$1')
  return matchMarkers(text, lexicon.marks).flatMap((read) => {
    const title = findTitle(read, place)
    if (title === null && (read.level.title === 'required' || read.isBare)) return []
    // A line that ends without a sign may be a title or an item: the number behind it counts if it is the next one.
    const isBehindText = before === 'text'
    if (isBehindText && (read.level.title === 'required' || read.isBare)) return []
    const mark = title === null ? null : findStatusMark(title, lexicon.profile)
    return [
      {
        line: line.number,
        start: line.start,
        after: title === null ? line.start : line.next,
        depth,
        text: title === null ? text.slice(0, read.length).trim() : text.trim(),
        normalised: raw === raw.normalize('NFC'),
        level: read.level.name,
        number: read.number,
        sort: read.number,
        letter: null,
        thousands: null,
        words: mark?.without ?? title ?? '',
        mark,
        unread: null,
        paragraph: 'words' as const,
        weak: {
          ordinal: read.ordinal,
          indent: from - line.start,
          textBefore: place.textBefore,
          isBehindText,
        },
      },
    ]
  })
}

/** Finds the title behind a marker: a short text that is not a sentence and not a line of a table of contents. */
function findTitle(
  { rest, ordinal, level, isBare }: MarkerMatch,
  { line, from, before }: LinePlace,
): string | null {
  if (rest === '' || rest.length > LONGEST_TITLE || line.end - from > READ_BYTES) return null
  if (/(?:\.\s?){3,}\s*\p{Nd}*$|\s{3,}\p{Nd}+$|\t\p{Nd}+$/u.test(rest)) return null
  if (level.title === 'required' || isBare) {
    // "1 Words of enactment." in acts of the United Kingdom.
    const endsShort = isBare && level.title !== 'required' && rest.length <= LONGEST_ENDED_TITLE
    if (before !== 'break' || (endsShort ? /[;,:]$/ : /[.;,:]$/).test(rest)) return null
    const start = ordinal.length > 1 ? /^["“«(]?\p{L}/u : /^["“«(]?[\p{Lu}\p{Lt}\p{Lo}]/u
    return start.test(rest) ? rest : null
  }
  return /[;,:]$/.test(rest) || (/[.。]$/.test(rest) && rest.length > 80) ? null : rest
}

/** Returns `end`, or a place at most `longest` bytes behind `start` that does not split a character. */
function within(bytes: Uint8Array, start: number, end: number, longest: number): number {
  let at = Math.min(end, start + longest)
  while (at < end && (bytes[at]! & 0xc0) === 0x80) at -= 1
  return at
}
