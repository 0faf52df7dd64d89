import type { Syntax } from '../profiles/profile.ts'
import type { PlacedRecord } from '../structure/records.ts'
import { skipBlanks } from '../syntax/line-prefilter.ts'
import { asBuffer } from '../syntax/lines.ts'
import { createProblem, type Problem } from './problem.ts'
import { eachTextLine } from './text-lines.ts'

/*
 * Finds units whose heading stands inside of a quotation that begins and ends outside of them: an act quotes the articles that it inserts
 * into another act. Their numbers may continue those of the act, so that nothing else shows it.
 */

/** Marks that open a quotation at the beginning of a line, and those that close it. */
const CLOSING: { [opening: string]: string } = {
  '"': '"',
  '“': '”',
  '„': '“”‟',
  '«': '»',
  '»': '«',
  '”': '”',
  '「': '」',
  '『': '』',
}
const OPENS = /^[\s*_>]*(["“„«»”「『])/u
/** Signs of one byte with which such a line may begin: the straight mark, emphasis, quoted lines of Markdown. */
const FIRST = new Set([0x22, 0x2a, 0x5f, 0x3e])
/** A quotation of more lines was hardly closed by the mark that is found. */
const MOST_LINES = 2_000

/** A stretch of the text, from and to by byte offsets. */
interface Range {
  from: number
  to: number
  what: string
}

/** Finds units that begin inside of quotation marks, or in elements of HTML for quotations. */
export function findQuotedHeadings(bytes: Uint8Array, placed: PlacedRecord[], syntax: Syntax): Problem[] {
  const units = placed.filter(
    ({ record: { kind, number } }) => (kind === 'unit' || kind === 'excluded') && number !== null,
  )
  if (units.length < 2) return []
  const ranges = [...markedRanges(bytes, syntax), ...(syntax === 'html' ? quotingElements(bytes) : [])]
  const found = new Map<number, Problem>()
  for (const range of ranges) {
    const inside = (each: PlacedRecord) => each.record.start > range.from && each.record.start < range.to
    const first = firstFrom(units, range.from)
    // A text that is quoted from its first unit on is the document.
    if (first === 0) continue
    for (let i = first; i < units.length && inside(units[i]!); i++) {
      const { record, line } = units[i]!
      const message = `"${record.heading}" is read as the beginning of ${record.address}, and stands inside of ${range.what}: it may be a heading of another text`
      const start = record.start
      found.set(start, createProblem('HEADING_SUSPECTED', message, { line, column: 1, start }))
    }
  }
  return [...found.values()]
}

/** The index of the first unit that begins behind a place. */
function firstFrom(units: PlacedRecord[], from: number): number {
  const first = units.findIndex(({ record }) => record.start > from)
  return first < 0 ? units.length : first
}

/** Finds quotations that open at the beginning of a line and close at the end of a later one. */
function markedRanges(bytes: Uint8Array, syntax: Syntax): Range[] {
  const ranges: Range[] = []
  let open: { mark: string; from: number; lines: number } | null = null
  const visit = (text: string, start: number) => {
    if (open === null) {
      const mark = OPENS.exec(text)?.[1]
      if (mark !== undefined && isLeftOpen(text, mark)) open = { mark, from: start, lines: 0 }
      return
    }
    open.lines += 1
    if (text.trim() === '') return
    const state = follow(text, open)
    if (state === 'open' && open.lines < MOST_LINES) return
    if (state === 'closed')
      ranges.push({ from: open.from, to: start + 1, what: `a quotation that ${open.mark} opens` })
    open = null
  }
  eachTextLine(bytes, syntax, (from, end) => open !== null || mayOpen(bytes, from, end), visit)
  return ranges
}

function mayOpen(bytes: Uint8Array, start: number, end: number): boolean {
  const from = skipBlanks(bytes, start, end)
  const [first, second, third] = [bytes[from]!, bytes[from + 1], bytes[from + 2]]
  if (first < 0x80) return FIRST.has(first)
  if (first === 0xc2) return second === 0xab || second === 0xbb
  if (first === 0xe2) return second === 0x80 && third! >= 0x9c && third! <= 0x9e
  return first === 0xe3 && second === 0x80 && (third === 0x8c || third === 0x8e)
}

function isLeftOpen(text: string, mark: string): boolean {
  const closing = CLOSING[mark]!
  if (closing.includes(mark)) return count(text, mark) % 2 === 1
  return count(text, mark) > count(text, closing)
}

/** Reads a line inside of a quotation. Each of its paragraphs may begin with the opening mark again. */
function follow(text: string, open: { mark: string }): 'open' | 'closed' | 'lost' {
  const closing = CLOSING[open.mark]!
  const ends = new RegExp(`[${closing}][\\s*_]*[.;,:]?[\\s*_]*$`, 'u').test(text)
  const begins = OPENS.exec(text)?.[1] === open.mark
  if (closing.includes(open.mark)) {
    const isOdd = count(text, open.mark) % 2 === 1
    if (ends && (isOdd || begins)) return 'closed'
    return isOdd && !begins ? 'lost' : 'open'
  }
  const balance = count(text, closing) - count(text, open.mark) + Number(begins)
  if (balance < 1) return 'open'
  return ends ? 'closed' : 'lost'
}

function count(text: string, marks: string): number {
  let found = 0
  for (const sign of text) if (marks.includes(sign)) found += 1
  return found
}

/** The outermost elements of HTML that quote: `blockquote` and `q`. */
function quotingElements(bytes: Uint8Array): Range[] {
  const ranges: Range[] = []
  const signs = asBuffer(bytes).toString('latin1')
  let depth = 0
  for (const { 0: tag, 1: end, 2: name, index } of signs.matchAll(/<(\/?)(blockquote|q)(?:\s[^<>]*)?>/gi)) {
    if (end === '') {
      if (depth === 0) ranges.push({ from: index - 1, to: bytes.length, what: `<${name!.toLowerCase()}>` })
      depth += 1
    } else if (depth > 0) {
      depth -= 1
      if (depth === 0) ranges.at(-1)!.to = index + tag.length
    }
  }
  return ranges
}
