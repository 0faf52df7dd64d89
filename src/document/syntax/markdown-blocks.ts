import { byteOrderMark, eachLine, type Line, textOf } from './lines.ts'

// Blocks of Markdown without headings, by CommonMark 0.31: code fences (section 4.5), comments (HTML block kind 2, section 4.6), front
// matter.

const BACKTICK = 0x60
const TILDE = 0x7e
const LESS = 0x3c
const SPACE = 0x20
const TAB = 0x09
const DASH = 0x2d

/** The block that a line is part of. */
export type Block =
  | { kind: 'text' }
  | { kind: 'fence'; sign: number; length: number; line: Line; isExact?: true }
  | { kind: 'comment'; line: Line }

/** Text that may have headings. */
export const TEXT: Block = { kind: 'text' }

/** Whether a line with this first byte may open a block. */
export const mayOpenBlock = (sign: number) => sign === BACKTICK || sign === TILDE || sign === LESS

/** Counts the spaces before the text. A tab counts as four, which is too many for a heading or a fence. */
export function indentOf(bytes: Uint8Array, line: Line): number {
  let indent = 0
  while (indent < 4 && line.start + indent < line.end && bytes[line.start + indent] === SPACE) indent++
  return bytes[line.start + indent] === TAB ? 4 : indent
}

/** Returns the block that a line opens. */
export function openBlock(bytes: Uint8Array, line: Line, indent: number): Block {
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

/** Signs of the delimited blocks of AsciiDoc in which no section begins: listing, literal, comment, quotation, passthrough, sidebar, example. */
const DELIMITERS = new Set([...'-./_+*='].map((sign) => sign.charCodeAt(0)))
const SHORTEST_DELIMITER = 4

/** Returns the delimited block of AsciiDoc that a line opens. Its end is a line of as many signs. */
export function openDelimited(bytes: Uint8Array, line: Line): Block {
  const sign = bytes[line.start]!
  if (!DELIMITERS.has(sign)) return TEXT
  const length = runOf(bytes, line.start, line.end, sign)
  const isAlone = textOf(bytes, line.start + length, line.end).trim() === ''
  return length >= SHORTEST_DELIMITER && isAlone
    ? { kind: 'fence', sign, length, line: { ...line }, isExact: true }
    : TEXT
}

/** Whether a line ends an open block. */
export function closesBlock(
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
    (block.isExact === true ? length === block.length : length >= block.length) &&
    bytes.subarray(at + length, line.end).every((byte) => byte === SPACE || byte === TAB)
  )
}

/** Describes a block that never ends, or returns null. */
export function findUnclosed(block: Block): { what: string; line: number; start: number } | null {
  if (block.kind === 'text') return null
  const what =
    block.kind === 'comment' ? 'comment' : block.isExact === true ? 'delimited block' : 'code fence'
  return { what, line: block.line.number, start: block.line.start }
}

function endsComment(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i + 2 < end; i++)
    if (bytes[i] === DASH && bytes[i + 1] === DASH && bytes[i + 2] === 0x3e) return true
  return false
}

/** Counts how often a sign follows itself. */
export function runOf(bytes: Uint8Array, start: number, end: number, sign: number): number {
  let at = start
  while (at < end && bytes[at] === sign) at++
  return at - start
}

/** Finds the end of front matter: from `---` on the first line to the next `---` or `...`. Otherwise it is a thematic break. */
export function frontMatterEnd(bytes: Uint8Array): number {
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

/** Whether a line is a footnote: `[^1]: …` */
export function opensFootnote(bytes: Uint8Array, from: number, end: number): boolean {
  return (
    bytes[from] === 0x5b &&
    bytes[from + 1] === 0x5e &&
    textOf(bytes, from, Math.min(end, from + 80)).includes(']:')
  )
}
