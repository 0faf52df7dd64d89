import { byteOrderMark, eachLine, type Line, textOf } from '../../syntax/lines.ts'
import {
  type Heading,
  longestHeadingBytes,
  matchHeading,
  mostHeadings,
  type SyntaxReading,
} from '../structure/headings/heading-match.ts'
import type { Lexicon } from '../structure/headings/lexicon.ts'
import { skipBlanks } from './line-prefilter.ts'
import { findParagraphHeadings } from './paragraph-headings.ts'
import { classifyLineEnd, type PrecedingText } from './run-in-headings.ts'

const HASH = 0x23
const BACKTICK = 0x60
const TILDE = 0x7e
const LESS = 0x3c
const SPACE = 0x20
const TAB = 0x09
const DASH = 0x2d

type Block =
  | { kind: 'text' }
  | { kind: 'fence'; sign: number; length: number; line: Line }
  | { kind: 'comment'; line: Line }

const TEXT: Block = { kind: 'text' }
/** First bytes of lines that may open a block or be a heading. */
const SIGNS = new Set([HASH, BACKTICK, TILDE, LESS])

/**
 * Reads ATX headings by CommonMark 0.31: up to three spaces, one to six signs, then a space, a tab or the end. Code fences
 * (section 4.5) and comments that open a line (HTML block kind 2, section 4.6) hold no headings. A comment that opens inside
 * of a line hides none, because a heading ends the paragraph.
 */
export function readMarkdown(bytes: Uint8Array, lexicon: Lexicon): SyntaxReading {
  const headings: Heading[] = []
  const ignore = new Set(lexicon.profile.ignore)
  const bodyStart = ignore.has('front-matter') ? frontMatterEnd(bytes) : byteOrderMark(bytes)
  const paragraphs = paragraphReader(bytes, lexicon)
  let block: Block = TEXT
  let overlong: SyntaxReading['overlong'] = null
  eachLine(bytes, (line) => {
    if (line.start < bodyStart) return undefined
    const indent = indentOf(bytes, line)
    if (block.kind !== 'text') {
      if (closesBlock(bytes, line, indent, block)) block = TEXT
      return undefined
    }
    if (indent > 3) return undefined
    if (paragraphs === null && !SIGNS.has(bytes[line.start + indent]!)) return undefined
    block = openBlock(bytes, line, indent)
    if (block.kind !== 'text' && !ignore.has(block.kind === 'fence' ? 'fences' : 'comments')) {
      block = TEXT
    }
    const depth = block.kind === 'text' ? headingDepth(bytes, line, indent) : 0
    if (depth > 0 && line.end - line.start > longestHeadingBytes) {
      overlong ??= { line: line.number, start: line.start }
    } else if (depth > 0) headings.push(atxHeading(bytes, line, indent, depth, lexicon))
    if (paragraphs !== null) headings.push(...paragraphs(line, depth > 0 || block.kind !== 'text'))
    return headings.length > mostHeadings ? 'stop' : undefined
  })
  return { headings, bodyStart, overlong, unclosed: findUnclosed(block) }
}

const PIPE = 0x7c

/** Reads headings that begin a paragraph. Null for a profile without such headings, which then costs nothing. */
function paragraphReader(bytes: Uint8Array, lexicon: Lexicon) {
  const { runIns, ignore } = lexicon.profile
  if (runIns.length === 0 && lexicon.marks.length === 0) return null
  let before: PrecedingText = 'break'
  let textBefore = 0
  return (line: Line, isBlock: boolean): Heading[] => {
    const from = skipBlanks(bytes, line.start, line.end)
    if (from === line.end || isBlock) {
      before = 'break'
      return []
    }
    const isTable = bytes[from] === PIPE && ignore.includes('tables')
    const isFootnote = ignore.includes('footnotes') && opensFootnote(bytes, from, line.end)
    const found =
      isTable || isFootnote ? [] : findParagraphHeadings(bytes, { line, from, before, textBefore }, lexicon)
    textBefore = found.length > 0 ? 0 : textBefore + 1
    before = classifyLineEnd(bytes, from, line.end)
    return found
  }
}

/** `[^1]: …` */
function opensFootnote(bytes: Uint8Array, from: number, end: number): boolean {
  return (
    bytes[from] === 0x5b &&
    bytes[from + 1] === 0x5e &&
    textOf(bytes, from, Math.min(end, from + 80)).includes(']:')
  )
}

function findUnclosed(block: Block): SyntaxReading['unclosed'] {
  if (block.kind === 'text') return null
  const what = block.kind === 'fence' ? 'code fence' : 'comment'
  return { what, line: block.line.number, start: block.line.start }
}

/** Counts the spaces before the text. A tab counts as four, which is too many for a heading or a fence. */
function indentOf(bytes: Uint8Array, line: Line): number {
  let indent = 0
  while (indent < 4 && line.start + indent < line.end && bytes[line.start + indent] === SPACE) indent++
  return bytes[line.start + indent] === TAB ? 4 : indent
}

function openBlock(bytes: Uint8Array, line: Line, indent: number): Block {
  const at = line.start + indent
  const sign = bytes[at]
  if (sign === BACKTICK || sign === TILDE) {
    const length = runOf(bytes, at, line.end, sign)
    const info = bytes.subarray(at + length, line.end)
    const fence = length >= 3 && (sign === TILDE || !info.includes(BACKTICK))
    return fence ? { kind: 'fence', sign, length, line: { ...line } } : TEXT
  }
  const comment = sign === LESS && bytes[at + 1] === 0x21 && bytes[at + 2] === DASH && bytes[at + 3] === DASH
  return comment && !endsComment(bytes, at + 4, line.end) ? { kind: 'comment', line: { ...line } } : TEXT
}

function closesBlock(
  bytes: Uint8Array,
  line: Line,
  indent: number,
  block: Exclude<Block, { kind: 'text' }>,
): boolean {
  if (block.kind === 'comment') return endsComment(bytes, line.start, line.end)
  const at = line.start + indent
  if (indent > 3 || bytes[at] !== block.sign) return false
  const length = runOf(bytes, at, line.end, block.sign)
  return (
    length >= block.length &&
    bytes.subarray(at + length, line.end).every((byte) => byte === SPACE || byte === TAB)
  )
}

function endsComment(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i + 2 < end; i++)
    if (bytes[i] === DASH && bytes[i + 1] === DASH && bytes[i + 2] === 0x3e) return true
  return false
}

function runOf(bytes: Uint8Array, start: number, end: number, sign: number): number {
  let at = start
  while (at < end && bytes[at] === sign) at++
  return at - start
}

/** Returns the number of signs, or 0 if the line is not a heading. */
function headingDepth(bytes: Uint8Array, line: Line, indent: number): number {
  const at = line.start + indent
  const depth = runOf(bytes, at, line.end, HASH)
  const after = bytes[at + depth]
  const spaced = at + depth === line.end || after === SPACE || after === TAB
  return depth <= 6 && spaced ? depth : 0
}

function atxHeading(bytes: Uint8Array, line: Line, indent: number, depth: number, lexicon: Lexicon): Heading {
  const raw = textOf(bytes, line.start + indent + depth, line.end).trim()
  return matchHeading(line, depth, raw.replace(/(?:^|[ \t])#+$/, '').trim(), lexicon)
}

/** Finds the end of front matter: from `---` on the first line to the next `---` or `...`. Otherwise it is a thematic break. */
function frontMatterEnd(bytes: Uint8Array): number {
  const start = byteOrderMark(bytes)
  let end = start
  eachLine(bytes, (line) => {
    const text = line.end - line.start <= 8 ? textOf(bytes, line.start, line.end).trimEnd() : ''
    if (line.number === 1) return text === '---' ? undefined : 'stop'
    if (text !== '---' && text !== '...') return undefined
    end = line.next
    return 'stop'
  })
  return end
}
