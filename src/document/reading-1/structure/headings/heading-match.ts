import type { Line } from '../../../syntax/lines.ts'
import type { Lexicon } from './lexicon.ts'
import { readHeading } from './read-heading.ts'
import { findStatusMark, type StatusMark } from './repeal-status.ts'

/** A heading as found in the source, before its meaning for the cut is decided. Offsets are bytes. */
export interface Heading {
  /** From 1. */
  line: number
  start: number
  /** Number of signs in Markdown, 1 to 6 for h1 to h6 in HTML, 1 in plain text, 7 for the beginning of a paragraph. */
  depth: number
  /** In NFC, without the syntax around it. */
  text: string
  /** False if the form in the source is not NFC. */
  normalised: boolean
  level: string | null
  number: string | null
  letter: string | null
  /** The words for the address of a heading without a number, without the keyword and the status mark. */
  words: string
  mark: StatusMark | null
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
}

/** The headings that the reader of one syntax found. Offsets are bytes. */
export interface SyntaxReading {
  headings: Heading[]
  /** The end of the front matter, or the beginning of the text. */
  bodyStart: number
  /** The first heading that is too long to be read. It starts no record. */
  overlong: { line: number; start: number } | null
  /** A comment, fence or element without an end. */
  unclosed: { what: string; line: number; start: number } | null
}

/** Maximum length of a heading. A longer line is text, so that no pattern is applied to a long line. */
export const longestHeadingBytes = 600

/** Maximum number of headings. No law has as many, and the records of more would fill the memory. Readers stop there. */
export const mostHeadings = 200_000

/** Reads a line's heading text (`raw`, without the syntax around it) by the profile's forms. */
export function matchHeading(line: Line, depth: number, raw: string, lexicon: Lexicon): Heading {
  const text = raw.normalize('NFC')
  const { level, number, letter, rest } = readHeading(withoutInlineSyntax(text), lexicon)
  const mark = findStatusMark(rest, lexicon.profile)
  return {
    line: line.number,
    start: line.start,
    depth,
    text,
    normalised: text === raw,
    level: level?.name ?? null,
    number,
    letter,
    words: mark === null ? rest : mark.without,
    mark,
  }
}

/** Removes emphasis, anchors and attributes, which are not part of the number. */
function withoutInlineSyntax(text: string): string {
  return text
    .replace(/[*`]|__/g, '')
    .replace(/<[^<>]*>/g, '')
    .replace(/\{#[^{}]*\}\s*$/, '')
    .replace(/^\[([^[\]]*)\]\([^()]*\)/, '$1')
    .trim()
}
