import type { Line } from '../../syntax/lines.ts'
import { type Lexicon, readHeading } from './read-heading.ts'
import { findStatusMark, type StatusMark } from './repeal-status.ts'

/** A heading as found in the source, before it is decided what it means for the cut. */
export interface Heading {
  line: number
  start: number
  /** Number of signs in Markdown, h1 to h6 in HTML; 1 in plain text, 7 for what begins a paragraph. */
  depth: number
  /** In NFC, without the syntax round it. */
  text: string
  /** False where the source's own form is not NFC. */
  normalised: boolean
  level: string | null
  number: string | null
  letter: string | null
  /** The words for an address when there is no number: without the keyword and without the status mark. */
  words: string
  mark: StatusMark | null
  /** Of a number behind mere signs: what it takes to tell it from the number of a list. */
  weak?: WeakNumber
  /** Of an element that bears its number: how many such elements stand round it. */
  element?: number
  /** Where it is known from the source's own structure where the text of this heading ends. */
  end?: number
}

export interface WeakNumber {
  /** Parts of the number, for their order: [1, 2] for 1.2. */
  ordinal: number[]
  indent: number
  /** Lines of text since the weak heading before it. */
  textBefore: number
}

/** What a reader of one syntax gives. */
export interface SyntaxReading {
  headings: Heading[]
  /** End of the front matter, or where the text begins. */
  bodyStart: number
  /** The first heading that is too long to be read, so that it starts nothing. */
  overlong: { line: number; start: number } | null
  unclosed: { what: string; line: number; start: number } | null
}

/** Headings are short; a longer line is text, so that no pattern ever meets a long one. */
export const longestHeadingBytes = 600

/** More than any law has: beyond it the input is something else, and the records would fill the memory. Readers stop. */
export const mostHeadings = 200_000

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

/** Emphasis, anchors and attributes say nothing about the number. */
function withoutInlineSyntax(text: string): string {
  return text
    .replace(/[*`]|__/g, '')
    .replace(/<[^<>]*>/g, '')
    .replace(/\{#[^{}]*\}\s*$/, '')
    .replace(/^\[([^[\]]*)\]\([^()]*\)/, '$1')
    .trim()
}
