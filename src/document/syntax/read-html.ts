import { cleanHeading } from '../structure/headings/clean-heading.ts'
import {
  type Doubt,
  type Heading,
  longestHeadingBytes,
  matchHeading,
  mostDoubts,
  mostHeadings,
  type SyntaxReading,
} from '../structure/headings/heading-match.ts'
import { type Lexicon, mayBeForm } from '../structure/headings/lexicon.ts'
import { findLevel } from '../structure/leaf-level.ts'
import { normaliseNumber } from '../structure/numerals/find-numerals.ts'
import type { HtmlHeading, HtmlParagraph } from './html-heading.ts'
import { readHtmlTokens } from './html-tokens.ts'
import { byteOrderMark, eachLine, type Line, positionOf, textOf } from './lines.ts'
import { readParagraphStart } from './paragraph-headings.ts'

/**
 * Reads the headings of HTML. An element that bears a number (`<article data-number="5">`) is a unit from its first byte to its
 * last, and a heading inside of it is its title. Other headings, h1 to h6, count as in Markdown. A heading at the beginning of
 * a section includes the section's tag.
 */
export function readHtml(bytes: Uint8Array, lexicon: Lexicon): SyntaxReading {
  const { numberAttribute, elements } = lexicon.profile
  const bodyStart = byteOrderMark(bytes)
  const text = textOf(bytes, bodyStart, bytes.length)
  const { tagged, paragraphs, unclosed } = readHtmlTokens(text, {
    numberAttribute,
    mayBearNumber: (tag) => elements[tag] !== undefined,
    longest: longestHeadingBytes,
    most: mostHeadings,
    mayBegin: (begun) => lexicon.profile.runIns.length > 0 && mayBeForm(cleanHeading(begun).text, lexicon),
  })
  const offsets = [
    ...[...tagged, ...paragraphs].flatMap(({ start, end }) => (end === null ? [start] : [start, end])),
    ...tagged.flatMap(({ headingEnd }) => headingEnd ?? []),
  ]
  const toBytes = byteOffsets(text, unclosed === null ? offsets : [...offsets, unclosed.start], bodyStart)
  const lines = findLines(
    bytes,
    tagged.map(({ start }) => toBytes(start)),
  )
  const starts = findLines(
    bytes,
    paragraphs.map(({ start }) => toBytes(start)),
  )
  const doubts: Doubt[] = []
  const begun = paragraphs.flatMap((one, i) => toStart(one, starts[i]!, toBytes, lexicon, doubts))
  const headings = [...tagged.map((one, i) => toHeading(one, lines[i]!, toBytes, lexicon)), ...begun]
  const lost = unclosed === null ? null : toBytes(unclosed.start)
  return {
    headings: begun.length === 0 ? headings : headings.sort((a, b) => a.start - b.start),
    doubts,
    bareRun: 0,
    bodyStart,
    overlong: null,
    unclosed:
      lost === null ? null : { what: unclosed!.what, start: lost, line: positionOf(bytes, lost).line },
  }
}

/** Depth of the beginning of a paragraph, below every heading. */
const PARAGRAPH_DEPTH = 7

function toStart(
  { start, end, text }: HtmlParagraph,
  line: Line,
  toBytes: (offset: number) => number,
  lexicon: Lexicon,
  doubts: Doubt[],
): Heading[] {
  const after = end === null ? toBytes(start) : toBytes(end)
  const place = { line, before: 'break' as const, isComplete: end !== null, after, depth: PARAGRAPH_DEPTH }
  const { heading, doubt } = readParagraphStart(text, place, lexicon)
  if (doubt !== null && doubts.length < mostDoubts) doubts.push(doubt)
  return heading === null ? [] : [heading]
}

function toHeading(
  one: HtmlHeading,
  line: Line,
  toBytes: (offset: number) => number,
  lexicon: Lexicon,
): Heading {
  const raw = one.text.replace(/\s+/g, ' ').trim()
  const heading = {
    ...matchHeading(line, one.depth, raw, lexicon),
    after: one.headingEnd === null ? line.start : toBytes(one.headingEnd),
  }
  const end = one.end === null ? {} : { end: toBytes(one.end) }
  if (one.tag === null || one.number === null) return { ...heading, ...end }
  const level = findLevel(lexicon.profile.elements[one.tag]!, lexicon.profile)!
  return {
    ...heading,
    ...end,
    text: raw === '' ? `${level.name} ${one.number}` : heading.text,
    level: level.name,
    number: normaliseNumber(one.number),
    sort: normaliseNumber(one.number),
    letter: null,
    thousands: null,
    unread: null,
    element: one.nesting,
  }
}

/** Maps offsets of the text (UTF-16 units) to byte offsets of the source, in one pass. */
function byteOffsets(text: string, offsets: number[], first: number): (offset: number) => number {
  const known = new Map<number, number>()
  let [at, bytes] = [0, first]
  for (const offset of [...offsets].sort((a, b) => a - b)) {
    if (offset > at) bytes += Buffer.byteLength(text.slice(at, offset))
    at = offset
    known.set(offset, bytes)
  }
  return (offset) => known.get(offset)!
}

/** Finds the line of each start and moves the line's start there. `starts` are byte offsets in the order of the text. */
function findLines(bytes: Uint8Array, starts: number[]): Line[] {
  const lines: Line[] = []
  eachLine(bytes, (line) => {
    while (lines.length < starts.length && starts[lines.length]! < line.next) {
      lines.push({ ...line, start: starts[lines.length]! })
    }
    return lines.length === starts.length ? 'stop' : undefined
  })
  return lines
}
