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
import type { HtmlParagraph, MarkedHtmlHeading } from './html-heading.ts'
import { readHtmlTokens } from './html-tokens.ts'
import { byteOrderMark, eachLine, type Line, positionOf, textOf } from './lines.ts'
import { findXmlRoot } from './other-formats.ts'
import { readParagraphStart } from './paragraph-headings.ts'
import { findSiteParts, findTrailingParts, type SitePart } from './site-parts.ts'

/**
 * Reads the headings of HTML. An element that bears a number (`<article data-number="5">`) is a unit from its first byte to its
 * last, and a heading inside of it is its title. Other headings, h1 to h6, count as in Markdown. A heading at the beginning of
 * a section includes the section's tag.
 */
export function readHtml(bytes: Uint8Array, lexicon: Lexicon): SyntaxReading {
  const { numberAttribute, elements } = lexicon.profile
  const bodyStart = byteOrderMark(bytes)
  const text = textOf(bytes, bodyStart, bytes.length)
  const root = findXmlRoot(bytes)
  const isXml = root !== null && root.name.replace(/^.*:/, '') !== 'html'
  const read = readHtmlTokens(text, {
    numberAttribute,
    isXml,
    prefix: root === null ? '' : (/^.*:/.exec(root.name)?.[0] ?? '').toLowerCase(),
    mayBearNumber: (tag) => elements[tag] !== undefined,
    longest: longestHeadingBytes,
    most: mostHeadings,
    mayBegin: (begun) => lexicon.profile.runIns.length > 0 && mayBeForm(cleanHeading(begun).text, lexicon),
  })
  const { unclosed } = read
  const parts = isXml || lexicon.profile.siteParts === undefined ? [] : findSiteParts(text)
  const [tagged, left] = outsideOf(read.tagged, parts)
  const isNewest = lexicon.profile.siteParts !== undefined
  const begins = isNewest ? withoutHeadings(read.paragraphs, tagged) : read.paragraphs
  const [paragraphs] = outsideOf(begins, parts)
  const trailing = trailingStart(text, parts, [...tagged, ...paragraphs])
  const offsets = [
    ...parts.flatMap(({ start, end }) => [start, end]),
    ...[...read.tagged, ...paragraphs].flatMap(({ start, end }) => (end === null ? [start] : [start, end])),
    ...read.tagged.flatMap(({ headingEnd }) => headingEnd ?? []),
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
  const end = trailing === null ? null : toBytes(trailing)
  const headings = [...tagged.map((one, i) => toHeading(one, lines[i]!, toBytes, lexicon)), ...begun].map(
    (each) => (end === null || (each.end ?? end) < end ? each : { ...each, end }),
  )
  doubts.push(...leftOut(bytes, left, toBytes, lexicon))
  const lost = unclosed === null ? null : toBytes(unclosed.start)
  return {
    headings: begun.length === 0 ? headings : headings.sort((a, b) => a.start - b.start),
    ...(parts.length === 0
      ? {}
      : {
          site: {
            parts: parts.map(({ start, end, tag }) => ({ start: toBytes(start), end: toBytes(end), tag })),
          },
        }),
    doubts,
    bareRun: 0,
    bodyStart,
    overlong: null,
    unclosed:
      lost === null ? null : { what: unclosed!.what, start: lost, line: positionOf(bytes, lost).line },
  }
}

/** Divides what was found into what stands outside of the parts of a site and inside of them. What bears its number is of the text. */
function outsideOf<Found extends { start: number; number?: string | null }>(
  found: Found[],
  parts: SitePart[],
): [Found[], Found[]] {
  const isInside = ({ start, number }: Found) =>
    (number ?? null) === null && parts.some((part) => start >= part.start && start < part.end)
  return parts.length === 0 ? [found, []] : [found.filter((each) => !isInside(each)), found.filter(isInside)]
}

function trailingStart(text: string, parts: SitePart[], found: { start: number }[]): number | null {
  if (parts.length === 0 || found.length === 0) return null
  return findTrailingParts(
    text,
    parts,
    found.reduce((last, { start }) => Math.max(last, start), 0),
  )
}

/** Removes the beginnings of elements that begin with a heading element, which was read as such: `<div><h3>Article 1</h3>`. */
function withoutHeadings(paragraphs: HtmlParagraph[], tagged: MarkedHtmlHeading[]): HtmlParagraph[] {
  const ends = tagged.flatMap((one) => (one.headingEnd === null ? [] : [{ ...one, ends: one.headingEnd }]))
  let at = 0
  return paragraphs.filter(({ start, end, text }) => {
    while (at < ends.length && ends[at]!.ends <= start) at += 1
    const next = ends[at]
    if (next === undefined || (end !== null && next.ends > end)) return true
    return !text.startsWith(next.text.replace(/\s+/g, ' ').trim())
  })
}

/** Headings of units in the parts of a site are doubts: their numbers may be missing among those of the text. */
function leftOut(
  bytes: Uint8Array,
  left: MarkedHtmlHeading[],
  toBytes: (offset: number) => number,
  lexicon: Lexicon,
): Doubt[] {
  const lines = findLines(
    bytes,
    left.map(({ start }) => toBytes(start)),
  )
  return left.slice(0, mostDoubts).flatMap((one, i) => {
    const { line, start, text, level, number, sort } = toHeading(one, lines[i]!, toBytes, lexicon)
    if (level === null || number === null) return []
    const why = 'it stands in a part of the page that belongs to its site'
    return [{ line, start, text, level, number, sort, isBare: false, why }]
  })
}

/** Depth of the beginning of a paragraph, below every heading. */
const PARAGRAPH_DEPTH = 7

function toStart(
  { start, end, text, marked }: HtmlParagraph,
  line: Line,
  toBytes: (offset: number) => number,
  lexicon: Lexicon,
  doubts: Doubt[],
): Heading[] {
  const after = end === null ? toBytes(start) : toBytes(end)
  const place = { line, before: 'break' as const, isComplete: end !== null, after, depth: PARAGRAPH_DEPTH }
  const { heading, doubt } = readParagraphStart(marked, place, lexicon)
  if (doubt !== null && doubts.length < mostDoubts) doubts.push(doubt)
  if (heading === null) return []
  // Signs that stand for elements are no part of a title.
  return [heading.text === marked.normalize('NFC') ? { ...heading, text: text.normalize('NFC') } : heading]
}

function toHeading(
  one: MarkedHtmlHeading,
  line: Line,
  toBytes: (offset: number) => number,
  lexicon: Lexicon,
): Heading {
  const [raw, marked] = [one.text, one.marked].map((each) => each.replace(/\s+/g, ' ').trim())
  const heading = {
    ...matchHeading(line, one.depth, marked!, lexicon),
    text: raw!.normalize('NFC'),
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
