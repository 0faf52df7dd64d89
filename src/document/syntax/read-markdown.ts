import {
  type Doubt,
  type Heading,
  longestHeadingBytes,
  matchHeading,
  mostDoubts,
  mostHeadings,
  type SyntaxReading,
} from '../structure/headings/heading-match.ts'
import type { Lexicon } from '../structure/headings/lexicon.ts'
import { BareRun } from './bare-run.ts'
import { ASK, compileBeginnings, READ } from './first-bytes.ts'
import { mayOpenHeading, skipBlanks, unseenBefore } from './line-prefilter.ts'
import { byteOrderMark, eachLine, type Line, textOf } from './lines.ts'
import {
  type Block,
  closesBlock,
  findUnclosed,
  frontMatterEnd,
  indentOf,
  mayOpenBlock,
  openBlock,
  openDelimited,
  opensFootnote,
  runOf,
  TEXT,
} from './markdown-blocks.ts'
import { findMarkerHeadings, readWordsHeading } from './paragraph-headings.ts'
import { Quotation, quotationLine } from './quoted-text.ts'
import { roleOfHeading } from './repeated-forms.ts'
import { classifyLineEnd, type PrecedingText } from './run-in-headings.ts'

const HASH = 0x23
const EQUALS = 0x3d
const DASH = 0x2d
const PIPE = 0x7c
const SPACE = 0x20
const TAB = 0x09
const NEWLINE = 0x0a
/** Depth of the beginning of a paragraph, below every heading that Markdown marks. */
const PARAGRAPH_DEPTH = 7
/** Minimum number of signs below a heading. CommonMark allows one, which is more often a slip. */
const SHORTEST_UNDERLINE = 3

/**
 * Reads the headings of Markdown: ATX headings by CommonMark 0.31 (up to three spaces, one to six signs, then a space, a tab or the
 * end), underlined headings (section 4.3), and the beginnings of paragraphs that the profile's `runIns` allow.
 */
export function readMarkdown(bytes: Uint8Array, lexicon: Lexicon): SyntaxReading {
  const reader = new MarkdownReader(bytes, lexicon)
  const { last } = reader
  const beginnings = compileBeginnings(lexicon)
  const { openingBytes } = lexicon
  eachLine(bytes, (line) => {
    const { start, end } = line
    // Nearly every line is text, and two of its bytes tell that.
    const how = end - start < 2 ? READ : beginnings[(bytes[start]! << 8) | bytes[start + 1]!]!
    if (how === READ || reader.isInBlock || (how === ASK && mayOpenHeading(bytes, start, end, openingBytes)))
      return reader.read(line)
    last.isFirst = last.kind !== TEXT_LINE
    last.kind = TEXT_LINE
    last.number = line.number
    last.start = start
    last.from = start
    last.end = end
    return undefined
  })
  return reader.result()
}

const NO_LINE = 0
const TEXT_LINE = 1
const HEADING_LINE = 2

/** The last line, as far as the next line needs it. */
interface LastLine {
  kind: typeof NO_LINE | typeof TEXT_LINE | typeof HEADING_LINE
  number: number
  start: number
  from: number
  end: number
  /** Whether it is the first line of its paragraph. */
  isFirst: boolean
}

class MarkdownReader {
  readonly #headings: Heading[] = []
  readonly #doubts: Doubt[] = []
  readonly #quotation = new Quotation()
  readonly #run = new BareRun()
  readonly #ignore: Set<string>
  readonly #bodyStart: number
  readonly #readsWords: boolean
  readonly #sign: number
  /** Whether no text is read before the line: front matter, a fence, a comment. */
  isInBlock = true
  #block: Block = TEXT
  #overlong: SyntaxReading['overlong'] = null
  readonly last: LastLine = { kind: NO_LINE, number: 0, start: 0, from: 0, end: 0, isFirst: true }
  #textBefore = 0
  /** Headings of kinds that may be cut. */
  #leaves = 0

  constructor(
    readonly bytes: Uint8Array,
    readonly lexicon: Lexicon,
  ) {
    const { ignore, runIns, headingSign } = lexicon.profile
    this.#ignore = new Set(ignore)
    this.#bodyStart = this.#ignore.has('front-matter') ? frontMatterEnd(bytes) : byteOrderMark(bytes)
    this.#readsWords = runIns.length > 0
    this.#sign = headingSign?.charCodeAt(0) ?? HASH
  }

  read(line: Line): 'stop' | undefined {
    const { bytes } = this
    if (line.start < this.#bodyStart) return undefined
    this.isInBlock = false
    const first = bytes[line.start]
    const indent = first === SPACE || first === TAB ? indentOf(bytes, line) : 0
    if (this.#block.kind !== 'text') {
      if (closesBlock(bytes, line, indent, this.#block)) this.#block = TEXT
      this.isInBlock = this.#block.kind !== 'text'
      this.last.kind = NO_LINE
      return undefined
    }
    // Marks without a width before the sign of a heading do not hide it.
    const at = unseenBefore(bytes, line.start + indent, line.end, this.#sign)
    if (indent <= 3 && this.#readMarked(line, at - line.start, bytes[at]!)) return this.#isFull()
    this.#readText(line)
    return this.#isFull()
  }

  result(): SyntaxReading {
    return {
      headings: this.#headings,
      doubts: this.#doubts,
      bareRun: this.#run.longest,
      bodyStart: this.#bodyStart,
      overlong: this.#overlong,
      unclosed: findUnclosed(this.#block),
    }
  }

  #isFull(): 'stop' | undefined {
    return this.#headings.length > mostHeadings ? 'stop' : undefined
  }

  /** Reads a line that Markdown marks: a heading, its underline, or the beginning of a block. */
  #readMarked(line: Line, indent: number, sign: number): boolean {
    if (mayOpenBlock(sign)) return this.#opens(openBlock(this.bytes, line, indent))
    if (this.#sign === EQUALS && indent === 0 && this.#opens(this.#delimited(line))) return true
    if (sign === this.#sign) {
      const depth = headingDepth(this.bytes, line, indent, sign)
      if (depth > 0) {
        this.#addMarked(line, indent, depth)
        this.last.kind = NO_LINE
        return true
      }
    }
    return (
      (sign === EQUALS || sign === DASH) && this.last.kind !== NO_LINE && this.#underlines(line, indent, sign)
    )
  }

  #opens(block: Block): boolean {
    if (block.kind === 'text') return false
    if (!this.#ignore.has(block.kind === 'fence' ? 'fences' : 'comments')) return false
    this.#block = block
    this.isInBlock = true
    this.last.kind = NO_LINE
    return true
  }

  /** A line of `----` is the underline of a title that is as long as it, and else begins a block of AsciiDoc. */
  #delimited(line: Line): Block {
    const { last, bytes } = this
    const length = textOf(bytes, line.start, line.end).trim().length
    const titled = last.isFirst ? textOf(bytes, last.from, last.end).trim().length : 0
    return last.kind !== NO_LINE && Math.abs(titled - length) <= 1 ? TEXT : openDelimited(bytes, line)
  }

  #addMarked(line: Line, indent: number, depth: number): void {
    if (line.end - line.start > longestHeadingBytes) {
      this.#overlong ??= { line: line.number, start: line.start }
      return
    }
    const raw = textOf(this.bytes, line.start + indent + depth, line.end).trim()
    const closing = this.#sign === HASH ? /(?:^|[ \t])#+$/ : /[ \t]*=+$/
    this.#push(matchHeading(line, depth, raw.replace(closing, '').trim(), this.lexicon))
  }

  /** A line of `===` or `---` below a paragraph of one short line makes that line a heading. */
  #underlines(line: Line, indent: number, sign: number): boolean {
    const { bytes, last } = this
    const at = line.start + indent
    const length = runOf(bytes, at, line.end, sign)
    const isRule = length >= SHORTEST_UNDERLINE && skipBlanks(bytes, at + length, line.end) === line.end
    if (!isRule || !last.isFirst || last.end - last.from > longestHeadingBytes) return false
    if (bytes[last.from] === PIPE) return false
    const titled: Line = {
      number: last.number,
      start: last.start,
      end: last.end,
      next: line.next,
      ending: line.ending,
    }
    const heading = matchHeading(
      titled,
      sign === EQUALS ? 1 : 2,
      textOf(bytes, last.from, last.end).trim(),
      this.lexicon,
    )
    // A sentence over a rule is text.
    if (heading.level === null && /[.;,:。]$/.test(heading.text)) return false
    while (this.#headings.at(-1)?.start === last.start) this.#headings.pop()
    if (this.#doubts.at(-1)?.start === last.start) this.#doubts.pop()
    this.#push(heading)
    last.kind = NO_LINE
    return true
  }

  #readText(line: Line): void {
    const { bytes, lexicon, last } = this
    const from = skipBlanks(bytes, line.start, line.end)
    if (from === line.end) {
      last.kind = NO_LINE
      return
    }
    const sign = bytes[from]!
    const isFirst = last.kind !== TEXT_LINE
    let isHeading = false
    if (
      lexicon.marks.length > 0 ||
      (this.#readsWords && mayOpenHeading(bytes, from, line.end, lexicon.openingBytes))
    ) {
      const before: PrecedingText = isFirst ? 'break' : classifyLineEnd(bytes, last.from, last.end)
      if (sign >= 0x30 && sign <= 0x39 && before !== 'text' && this.#leaves === 0)
        this.#run.follow(bytes, from, line.end)
      isHeading = this.#readStart(line, from, before)
    }
    this.#textBefore = isHeading ? 0 : this.#textBefore + 1
    last.kind = isHeading ? HEADING_LINE : TEXT_LINE
    last.number = line.number
    last.start = line.start
    last.from = from
    last.end = line.end
    last.isFirst = isFirst
    const mark = sign < 0x80 ? null : quotationLine(bytes, from, line.end)
    if (mark !== null) this.#headings.length = this.#quotation.follow(mark, this.#headings.length)
  }

  /** Reads the beginning of a paragraph. Returns whether the line is a heading with nothing of a paragraph behind it. */
  #readStart(line: Line, from: number, before: PrecedingText): boolean {
    const { bytes, lexicon } = this
    const { ignore } = lexicon.profile
    if (bytes[from] === PIPE && ignore.includes('tables')) return false
    if (ignore.includes('footnotes') && opensFootnote(bytes, from, line.end)) return false
    const place = { line, from, before, textBefore: this.#textBefore }
    const { heading, doubt } = readWordsHeading(bytes, place, PARAGRAPH_DEPTH, lexicon)
    if (heading !== null && this.#allows(heading)) {
      this.#push(heading)
      return heading.after > heading.start
    }
    if (doubt !== null && this.#doubts.length < mostDoubts) this.#doubts.push(doubt)
    this.#headings.push(...findMarkerHeadings(bytes, place, PARAGRAPH_DEPTH, lexicon))
    return false
  }

  #push(heading: Heading): void {
    this.#headings.push(heading)
    if (heading.number !== null && roleOfHeading(heading, this.lexicon) === 'leaf') this.#leaves += 1
  }

  #allows({ paragraph }: Heading): boolean {
    const { runIns } = this.lexicon.profile
    return runIns.includes('words') || (paragraph === 'bold' && runIns.includes('bold'))
  }
}

/** Returns the number of signs, or 0 if the line is not a heading. */
function headingDepth(bytes: Uint8Array, line: Line, indent: number, sign: number): number {
  const at = line.start + indent
  const depth = runOf(bytes, at, line.end, sign)
  const after = bytes[at + depth]
  const spaced = at + depth === line.end || after === SPACE || after === TAB
  if (sign === EQUALS && (at + depth === line.end || after === NEWLINE)) return 0
  return depth <= 6 && spaced ? depth : 0
}
