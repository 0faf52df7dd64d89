import type { Heading } from '../structure/headings/heading-match.ts'
import { type MarkerMatch, matchMarkers } from '../structure/headings/list-markers.ts'
import { type Lexicon, readHeading } from '../structure/headings/read-heading.ts'
import { findStatusMark } from '../structure/headings/repeal-status.ts'
import { type Line, textOf } from './lines.ts'
import { findRunInHeading, type PrecedingText } from './run-in-headings.ts'

/** Headings that are the beginning of a paragraph: signs with a number, bold words, first words. */

/** What begins a paragraph stands below every heading of its own line. */
export const PARAGRAPH_DEPTH = 7

const LONGEST_TITLE = 160
/** A mark and its title are read within so many bytes. */
const READ_BYTES = 640

export interface LinePlace {
  line: Line
  /** Where the line's text begins. */
  from: number
  before: PrecedingText
  /** Lines of text since the last mark. */
  textBefore: number
}

/** A heading that the profile's marks find at the beginning of a line; its sequence is looked at later. */
export function findMarkerHeadings(bytes: Uint8Array, place: LinePlace, lexicon: Lexicon): Heading[] {
  const { line, from, before } = place
  if (before === 'text' || lexicon.marks.length === 0) return []
  const raw = textOf(bytes, from, within(bytes, from, line.end, READ_BYTES))
  const text = raw.normalize('NFC').replace(/^([^\s\\]{1,8})\\(?=[.)])/, '$1')
  return matchMarkers(text, lexicon.marks).flatMap((read) => {
    const title = titleOf(read, place)
    if (title === null && read.level.title === 'required') return []
    const mark = title === null ? null : findStatusMark(title, lexicon.profile)
    return [
      {
        ...{ line: line.number, start: line.start, depth: PARAGRAPH_DEPTH },
        text: title === null ? text.slice(0, read.length).trim() : text.trim(),
        normalised: raw === raw.normalize('NFC'),
        ...{ level: read.level.name, number: read.number, letter: null },
        ...{ words: mark?.without ?? title ?? '', mark },
        weak: { ordinal: read.ordinal, indent: from - line.start, textBefore: place.textBefore },
      },
    ]
  })
}

/** The rest of a line that is short and no sentence; of a table of contents' line (dots, page) nothing. */
function titleOf({ rest, ordinal, level }: MarkerMatch, { line, from, before }: LinePlace): string | null {
  if (rest === '' || rest.length > LONGEST_TITLE || line.end - from > READ_BYTES) return null
  if (/(?:\.\s?){3,}\s*\p{Nd}*$|\s{3,}\p{Nd}+$|\t\p{Nd}+$/u.test(rest)) return null
  if (level.title === 'required') {
    if (before !== 'break' || /[.;,:]$/.test(rest)) return null
    const start = ordinal.length > 1 ? /^["“«(]?\p{L}/u : /^["“«(]?[\p{Lu}\p{Lt}\p{Lo}]/u
    return start.test(rest) ? rest : null
  }
  return /[;,:]$/.test(rest) || (/[.。]$/.test(rest) && rest.length > 80) ? null : rest
}

/** `**Section. 1.** The …`: the words in bold are the heading. */
export function boldHeading(bytes: Uint8Array, { line, from }: LinePlace, lexicon: Lexicon): Heading | null {
  const sign = bytes[from]
  if ((sign !== 0x2a && sign !== 0x5f) || bytes[from + 1] !== sign) return null
  const raw = textOf(bytes, from + 2, within(bytes, from + 2, line.end, READ_BYTES))
  const end = raw.indexOf(sign === 0x2a ? '**' : '__')
  if (end < 1 || end > LONGEST_TITLE) return null
  const said = raw.slice(0, end).trim()
  const text = said.normalize('NFC')
  const { level, number, letter, rest } = readHeading(text, lexicon)
  if (level === null || number === null) return null
  const mark = findStatusMark(rest, lexicon.profile)
  return {
    ...{ line: line.number, start: line.start, depth: PARAGRAPH_DEPTH, text, normalised: text === said },
    ...{ level: level.name, number, letter, words: mark === null ? rest : mark.without, mark },
  }
}

/** What the profile lets begin a paragraph. Several readings of one mark stand for one heading: the first that fits its series. */
export function findParagraphHeadings(bytes: Uint8Array, place: LinePlace, lexicon: Lexicon): Heading[] {
  const { runIns } = lexicon.profile
  const bold = runIns.includes('bold') ? boldHeading(bytes, place, lexicon) : null
  const said =
    bold ?? (runIns.includes('words') ? findRunInHeading(bytes, place.line, place.before, lexicon) : null)
  return said === null ? findMarkerHeadings(bytes, place, lexicon) : [{ ...said, depth: PARAGRAPH_DEPTH }]
}

/** The end, or a place before it, `longest` bytes on, that cuts no character apart. */
export function within(bytes: Uint8Array, start: number, end: number, longest: number): number {
  let at = Math.min(end, start + longest)
  while (at < end && (bytes[at]! & 0xc0) === 0x80) at -= 1
  return at
}
