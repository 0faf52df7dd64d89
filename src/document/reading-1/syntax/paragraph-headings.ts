import { type Line, textOf } from '../../syntax/lines.ts'
import type { Heading } from '../structure/headings/heading-match.ts'
import type { Lexicon } from '../structure/headings/lexicon.ts'
import { type MarkerMatch, matchMarkers } from '../structure/headings/list-markers.ts'
import { readHeading } from '../structure/headings/read-heading.ts'
import { findStatusMark } from '../structure/headings/repeal-status.ts'
import { findRunInHeading, type PrecedingText } from './run-in-headings.ts'

// Headings that are the beginning of a paragraph: markers with a number, bold words, first words.

/** Depth of such a heading, below every heading on a line of its own. */
const PARAGRAPH_DEPTH = 7

const LONGEST_TITLE = 160
/** A marker and its title are read within this many bytes. */
const READ_BYTES = 640

/** A line with its place in the text. */
interface LinePlace {
  line: Line
  /** Start of the line's text. */
  from: number
  before: PrecedingText
  /** Lines of text since the last marker. */
  textBefore: number
}

/** Finds the readings of a marker at the beginning of a line. Their series is tested later (marker-series.ts). */
export function findMarkerHeadings(bytes: Uint8Array, place: LinePlace, lexicon: Lexicon): Heading[] {
  const { line, from, before } = place
  if (before === 'text' || lexicon.marks.length === 0) return []
  const raw = textOf(bytes, from, within(bytes, from, line.end, READ_BYTES))
  const text = raw.normalize('NFC').replace(/^([^\s\\]{1,8})\\(?=[.)])/, '$1')
  return matchMarkers(text, lexicon.marks).flatMap((read) => {
    const title = findTitle(read, place)
    if (title === null && read.level.title === 'required') return []
    const mark = title === null ? null : findStatusMark(title, lexicon.profile)
    return [
      {
        line: line.number,
        start: line.start,
        depth: PARAGRAPH_DEPTH,
        text: title === null ? text.slice(0, read.length).trim() : text.trim(),
        normalised: raw === raw.normalize('NFC'),
        level: read.level.name,
        number: read.number,
        letter: null,
        words: mark?.without ?? title ?? '',
        mark,
        weak: { ordinal: read.ordinal, indent: from - line.start, textBefore: place.textBefore },
      },
    ]
  })
}

/** Finds the title behind a marker: a short text that is not a sentence and not a line of a table of contents. */
function findTitle({ rest, ordinal, level }: MarkerMatch, { line, from, before }: LinePlace): string | null {
  if (rest === '' || rest.length > LONGEST_TITLE || line.end - from > READ_BYTES) return null
  if (/(?:\.\s?){3,}\s*\p{Nd}*$|\s{3,}\p{Nd}+$|\t\p{Nd}+$/u.test(rest)) return null
  if (level.title === 'required') {
    if (before !== 'break' || /[.;,:]$/.test(rest)) return null
    const start = ordinal.length > 1 ? /^["“«(]?\p{L}/u : /^["“«(]?[\p{Lu}\p{Lt}\p{Lo}]/u
    return start.test(rest) ? rest : null
  }
  return /[;,:]$/.test(rest) || (/[.。]$/.test(rest) && rest.length > 80) ? null : rest
}

/** Finds a heading in bold words: `**Section. 1.** The …`. */
function findBoldHeading(bytes: Uint8Array, { line, from }: LinePlace, lexicon: Lexicon): Heading | null {
  const sign = bytes[from]
  if ((sign !== 0x2a && sign !== 0x5f) || bytes[from + 1] !== sign) return null
  const raw = textOf(bytes, from + 2, within(bytes, from + 2, line.end, READ_BYTES))
  const end = raw.indexOf(sign === 0x2a ? '**' : '__')
  if (end < 1 || end > LONGEST_TITLE) return null
  const words = raw.slice(0, end).trim()
  const text = words.normalize('NFC')
  const { level, number, letter, rest } = readHeading(text, lexicon)
  if (level === null || number === null) return null
  const mark = findStatusMark(rest, lexicon.profile)
  return {
    line: line.number,
    start: line.start,
    depth: PARAGRAPH_DEPTH,
    text,
    normalised: text === words,
    level: level.name,
    number,
    letter,
    words: mark === null ? rest : mark.without,
    mark,
  }
}

/**
 * Finds the headings that the profile allows at the beginning of a paragraph. Several readings of one marker stand for one heading:
 * the first that fits its series counts.
 */
export function findParagraphHeadings(bytes: Uint8Array, place: LinePlace, lexicon: Lexicon): Heading[] {
  const { runIns } = lexicon.profile
  const bold = runIns.includes('bold') ? findBoldHeading(bytes, place, lexicon) : null
  const heading =
    bold ?? (runIns.includes('words') ? findRunInHeading(bytes, place.line, place.before, lexicon) : null)
  return heading === null
    ? findMarkerHeadings(bytes, place, lexicon)
    : [{ ...heading, depth: PARAGRAPH_DEPTH }]
}

/** Returns `end`, or a place at most `longest` bytes behind `start` that does not split a character. */
function within(bytes: Uint8Array, start: number, end: number, longest: number): number {
  let at = Math.min(end, start + longest)
  while (at < end && (bytes[at]! & 0xc0) === 0x80) at -= 1
  return at
}
