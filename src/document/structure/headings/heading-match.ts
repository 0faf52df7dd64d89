import type { Line } from '../../syntax/lines.ts'
import { cleanHeading } from './clean-heading.ts'
import type { Lexicon } from './lexicon.ts'
import { readHeading } from './read-heading.ts'
import { findStatusMark, type StatusMark, struckOutMark } from './repeal-status.ts'

/** A heading as found in the source, before its meaning for the cut is decided. Offsets are bytes. */
export interface Heading {
  /** From 1. */
  line: number
  start: number
  /** The end of the heading's own lines; `start` if text follows in its line. */
  after: number
  /** Number of signs in Markdown, 1 to 6 for h1 to h6 in HTML, 1 in plain text, 7 for the beginning of a paragraph. */
  depth: number
  /** In NFC, without the syntax around it. */
  text: string
  /** False if the form in the source is not NFC. */
  normalised: boolean
  level: string | null
  number: string | null
  /** The number with the place of each letter in its alphabet, for comparing. */
  sort: string | null
  letter: string | null
  /** The number if its points separate thousands. */
  thousands: string | null
  /** The words for the address of a heading without a number, without the keyword and the status mark. */
  words: string
  mark: StatusMark | null
  /** A sign directly behind the number that was not read as a part of it. */
  unread: string | null
  /** Whether a part of its number is taken for one above the line. */
  raised?: boolean
  /** The beginning of a paragraph. `bold`: in bold words. */
  paragraph?: 'words' | 'bold'
  /** Why it may be no heading: it counts only if it continues the numbers. */
  tentative?: string
  /** Only for a number between mere signs: the facts that tell it from the number of a list item. */
  weak?: WeakNumber
  /** Only for an HTML element that bears its number: the count of such elements around it. */
  element?: number
  /** The end of this heading's text, if the structure of the source says it. */
  end?: number
}

/** A number between mere signs, such as "1." or "(a)", which may also number a list. */
interface WeakNumber {
  /** Parts of the number, for their order: [1, 2] for 1.2. */
  ordinal: number[]
  /** White space before the number, in bytes. */
  indent: number
  /** Lines of text since the weak heading before it. */
  textBefore: number
  /** Whether the line before it ends without a sign, so that it may stand inside of a sentence. */
  isBehindText: boolean
}

/** A line that reads like a heading and was not taken for one. */
export interface Doubt {
  line: number
  start: number
  text: string
  level: string
  number: string | null
  sort: string | null
  /** Whether the line has the words and the number alone. */
  isBare: boolean
  why: string
}

/** Parts of a page of HTML that are no text of the document. Offsets are bytes. */
export interface SiteParts {
  parts: { start: number; end: number; tag: string }[]
}

/** The headings that the reader of one syntax found. Offsets are bytes. */
export interface SyntaxReading {
  headings: Heading[]
  doubts: Doubt[]
  /** Length of the longest run 1, 2, 3 … at the beginnings of lines before the first heading of a kind that may be cut. */
  bareRun: number
  /** The end of the front matter, or the beginning of the text. */
  bodyStart: number
  /** The first heading that is too long to be read. It starts no record. */
  overlong: { line: number; start: number } | null
  /** A comment, fence or element without an end. */
  unclosed: { what: string; line: number; start: number } | null
  /** Only for HTML: the parts of the page that belong to its site. */
  site?: SiteParts
}

/** Maximum length of a heading. A longer line is text, so that no pattern is applied to a long line. */
export const longestHeadingBytes = 600

/** Maximum number of headings. No law has as many, and the records of more would fill the memory. Readers stop there. */
export const mostHeadings = 200_000

/** Maximum number of doubts that are kept. */
export const mostDoubts = 10_000

/** Reads a line's heading text (`raw`, without the syntax around it) by the profile's forms. */
export function matchHeading(line: Line, depth: number, raw: string, lexicon: Lexicon): Heading {
  const { text: clean, isStruck } = cleanHeading(raw)
  const text = raw.normalize('NFC')
  const { level, number, sort, letter, thousands, rest } = readHeading(clean, lexicon)
  const mark =
    findStatusMark(rest, lexicon.profile) ?? (isStruck ? struckOutMark(rest, lexicon.profile) : null)
  return {
    line: line.number,
    start: line.start,
    after: line.next,
    depth,
    text,
    normalised: text === raw,
    level: level?.name ?? null,
    number,
    sort,
    letter,
    thousands,
    words: mark === null ? rest : mark.without,
    mark,
    unread: number === null || level === null ? null : findUnread(clean, rest),
  }
}

/** A sign directly behind the number that is neither a space nor punctuation: a mark whose meaning is not known. */
export function findUnread(clean: string, rest: string): string | null {
  if (rest === '' || !clean.endsWith(rest)) return null
  const before = clean.slice(0, clean.length - rest.length)
  const sign = /^[^\s\p{L}\p{M}]/u.exec(rest)?.[0]
  if (sign === undefined || /\s$/.test(before) || /^[\p{P}<>|=]/u.test(sign)) return null
  return sign
}
