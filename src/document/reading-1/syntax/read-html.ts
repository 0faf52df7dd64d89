import type { HtmlHeading } from '../../syntax/html-heading.ts'
import { byteOrderMark, eachLine, type Line, positionOf, textOf } from '../../syntax/lines.ts'
import {
  type Heading,
  longestHeadingBytes,
  matchHeading,
  mostHeadings,
  type SyntaxReading,
} from '../structure/headings/heading-match.ts'
import type { Lexicon } from '../structure/headings/lexicon.ts'
import { findLevel } from '../structure/leaf-level.ts'
import { normaliseNumber } from '../structure/numerals/find-numerals.ts'
import { readHtmlTokens } from './html-tokens.ts'

/**
 * Reads the headings of HTML. An element that bears a number (`<article data-number="5">`) is a unit from its first byte to its
 * last, and a heading inside of it is its title. Other headings, h1 to h6, count as in Markdown. A heading at the beginning of
 * a section includes the section's tag.
 */
export function readHtml(bytes: Uint8Array, lexicon: Lexicon): SyntaxReading {
  const { numberAttribute, elements } = lexicon.profile
  const bodyStart = byteOrderMark(bytes)
  const text = textOf(bytes, bodyStart, bytes.length)
  const { tagged, unclosed } = readHtmlTokens(text, {
    numberAttribute,
    mayBearNumber: (tag) => elements[tag] !== undefined,
    longest: longestHeadingBytes,
    most: mostHeadings,
  })
  const offsets = tagged.flatMap(({ start, end }) => (end === null ? [start] : [start, end]))
  const toBytes = byteOffsets(text, unclosed === null ? offsets : [...offsets, unclosed.start], bodyStart)
  const lines = findLines(
    bytes,
    tagged.map(({ start }) => toBytes(start)),
  )
  const headings = tagged.map((one, i) => toHeading(one, lines[i]!, toBytes, lexicon))
  const lost = unclosed === null ? null : toBytes(unclosed.start)
  return {
    headings,
    bodyStart,
    overlong: null,
    unclosed:
      lost === null ? null : { what: unclosed!.what, start: lost, line: positionOf(bytes, lost).line },
  }
}

function toHeading(
  one: HtmlHeading,
  line: Line,
  toBytes: (offset: number) => number,
  lexicon: Lexicon,
): Heading {
  const raw = one.text.replace(/\s+/g, ' ').trim()
  const heading = matchHeading(line, one.depth, raw, lexicon)
  const end = one.end === null ? {} : { end: toBytes(one.end) }
  if (one.tag === null || one.number === null) return { ...heading, ...end }
  const level = findLevel(lexicon.profile.elements[one.tag]!, lexicon.profile)!
  return {
    ...heading,
    ...end,
    text: raw === '' ? `${level.name} ${one.number}` : heading.text,
    level: level.name,
    number: normaliseNumber(one.number),
    letter: null,
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
