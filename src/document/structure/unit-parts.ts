import { type PartMark, readPartMarks } from './part-marks.ts'

/*
 * Paragraphs and points of a unit, for citation: `LAW/ARTICLE-5/P2/PT-a`. They are derived from the unit's text alone and are no units:
 * nothing of them is stored, and the same text always has the same parts.
 *
 * Outermost numbers are paragraphs. Where a unit has none, its paragraphs are counted by their places. What is numbered inside of a
 * paragraph is a point, whatever its signs. A series begins at its first number and continues in order; a number that does neither is text.
 */

/** A paragraph or point. Offsets are those of the text that was given, in UTF-16 code units; `end` is exclusive. */
export interface UnitPart {
  address: string
  kind: 'paragraph' | 'point'
  /** `2`, `2a`, `ii`, as the address has it. */
  number: string
  /** The number with its signs as the text has it, "(2)"; null for a paragraph that is counted by its place. */
  mark: string | null
  start: number
  /** Where its own words begin, behind the mark. */
  wordsStart: number
  end: number
  parts: UnitPart[]
}

interface Line {
  start: number
  /** Where the first word or number begins, behind indents, list signs and tags. */
  wordsStart: number
  indent: number
  /** Whether a blank line or a new element is before it. */
  beginsBlock: boolean
}

interface Level {
  style: string
  place: number
  parts: UnitPart[]
}

/** The widest gap between two numbers of a series: repealed paragraphs are often left out. */
const WIDEST_GAP = 5

/**
 * Lists the paragraphs of a unit, with their points. `from` is where its text begins, behind the heading.
 * @param address the unit's address
 */
export function listUnitParts(address: string, text: string, from = 0): UnitPart[] {
  const lines = listLines(text, from)
  const numbered = readSeries(lines, text, { address, isCounted: false })
  if (numbered.length > 0) return numbered
  return readSeries(lines, text, { address, isCounted: true })
}

/** Finds the part of an address such as `LAW/ARTICLE-5/P2/PT-a`; null if there is none. */
export function findUnitPart(parts: readonly UnitPart[], address: string): UnitPart | null {
  for (const part of parts) {
    if (part.address === address) return part
    if (address.startsWith(`${part.address}/`)) return findUnitPart(part.parts, address)
  }
  return null
}

/** Splits the address of a part into that of its unit and the rest; null for an address without a part. */
export function splitPartAddress(address: string): { unit: string; rest: string } | null {
  const found = /^(.+?)\/(P\d+[a-z]*(?:\/PT-[A-Za-z0-9]+)*)$/.exec(address)
  return found === null ? null : { unit: found[1]!, rest: found[2]! }
}

function readSeries(
  lines: Line[],
  text: string,
  { address, isCounted }: { address: string; isCounted: boolean },
): UnitPart[] {
  const levels: Level[] = []
  const paragraphs: UnitPart[] = []
  const endAll = (at: number, from: number) => {
    for (const level of levels.splice(from)) endLast(level.parts, at)
  }
  const count = (line: Line) => {
    endAll(line.start, 0)
    endLast(paragraphs, line.start)
    const number = String(paragraphs.length + 1)
    paragraphs.push(newPart(`${address}/P${number}`, 'paragraph', number, null, line))
  }
  const [first] = lines
  if (!isCounted && first !== undefined && hasUnnumberedFirst(lines, text)) {
    paragraphs.push(newPart(`${address}/P1`, 'paragraph', '1', null, first))
    levels.push({ style: UNNUMBERED_FIRST, place: 1, parts: paragraphs })
  }
  for (const [index, line] of lines.entries()) {
    const marks = readPartMarks(text.slice(line.wordsStart, line.wordsStart + 40))
    const usable = isCounted ? marks : marks.filter(({ isNumber }) => isNumber || levels.length > 0)
    const found = placeMark(usable, levels, lines.slice(index + 1), text)
    if (found === null) {
      if (isCounted && line.beginsBlock && line.indent < 2) count(line)
      // A block without a number ends the points before it; what is indented belongs to them.
      else if (line.beginsBlock && line.indent < 2) endAll(line.start, 1)
      continue
    }
    if (isCounted && paragraphs.length === 0) count(line)
    const { mark, depth } = found
    const within = depth > 0 ? levels[depth - 1]!.parts.at(-1)! : isCounted ? paragraphs.at(-1)! : null
    const level = levels[depth] ?? { style: mark.style, place: 0, parts: within?.parts ?? paragraphs }
    const kind = within === null ? 'paragraph' : 'point'
    const own = `${within?.address ?? address}/${within === null ? 'P' : 'PT-'}${mark.label}`
    // A second list of the same numbers in one paragraph has no addresses of its own.
    if (level.parts.some((part) => part.address === own)) continue
    endAll(line.start, depth + 1)
    endLast(level.parts, line.start)
    level.parts.push(
      newPart(own, kind, mark.label, text.slice(line.wordsStart, line.wordsStart + mark.length), line),
    )
    levels[depth] = { ...level, place: mark.place }
  }
  endAll(text.length, 0)
  endLast(paragraphs, text.length)
  return paragraphs
}

/** In Japanese laws the first paragraph has no number, and the second begins with "２　". */
const UNNUMBERED_FIRST = '1 '

function hasUnnumberedFirst(lines: Line[], text: string): boolean {
  const places = lines.flatMap(({ wordsStart }) =>
    readPartMarks(text.slice(wordsStart, wordsStart + 40)).filter(({ style }) => style === UNNUMBERED_FIRST),
  )
  return places[0]?.place === 2
}

function newPart(
  address: string,
  kind: UnitPart['kind'],
  number: string,
  mark: string | null,
  line: Line,
): UnitPart {
  const wordsStart = line.wordsStart + (mark?.length ?? 0)
  return { address, kind, number, mark, start: line.start, wordsStart, end: line.start, parts: [] }
}

/** Ends the last part, unless it has ended already. */
function endLast(parts: UnitPart[], at: number): void {
  const last = parts.at(-1)
  if (last !== undefined && last.end === last.start) last.end = at
}

/** Decides at which level a number stands: it continues the innermost series that it fits, or begins one. Null: it is text. */
function placeMark(
  marks: PartMark[],
  levels: Level[],
  behind: Line[],
  text: string,
): { mark: PartMark; depth: number } | null {
  for (let depth = levels.length - 1; depth >= 0; depth--) {
    const { style, place } = levels[depth]!
    const next = marks.find(
      (mark) => mark.style === style && mark.place > place && mark.place - place <= WIDEST_GAP,
    )
    if (next !== undefined) return { mark: next, depth }
  }
  const isKnown = ({ style }: PartMark) => levels.some((level) => level.style === style)
  const first = marks.find(
    (mark) => mark.place === 1 && !isKnown(mark) && (mark.isCertain || hasNext(mark, behind, text)),
  )
  return first === undefined ? null : { mark: first, depth: levels.length }
}

/** Whether the series has a second number. One alone may be a list of something else, or the beginning of a sentence. */
const hasNext = ({ style }: PartMark, behind: Line[], text: string) =>
  behind.some(({ wordsStart }) =>
    readPartMarks(text.slice(wordsStart, wordsStart + 40)).some(
      (mark) => mark.style === style && mark.place > 1 && mark.place <= 1 + WIDEST_GAP,
    ),
  )

const BLOCK_TAG = /<(?:p|li|br|div|dd|dt|td|tr|blockquote|section|h[1-6])\b[^>]*>/gi
/** Signs before the first word of a line: indents, quotation, list signs, emphasis, escapes, tags. */
const BEFORE_WORDS = /^(?:[ \t\u00a0\u3000]|>(?=\s)|[-*+•](?=[ \t]+\S)|\*\*|__|\\(?=[(\d§])|<[^>]*>)*/

/** Lists the places where a paragraph or point may begin: lines and elements that hold any word. */
function listLines(text: string, from: number): Line[] {
  const isMarkup = /<(?:p|li|br)\b/i.test(text)
  const starts = new Set([from])
  for (const { index, 0: ending } of text.slice(from).matchAll(/\r\n|\r|\n/g))
    starts.add(from + index + ending.length)
  if (isMarkup) for (const { index } of text.slice(from).matchAll(BLOCK_TAG)) starts.add(from + index)
  const sorted = [...starts].sort((a, b) => a - b)
  const lines: Line[] = []
  let isAfterBlank = true
  for (const [index, start] of sorted.entries()) {
    const own = text.slice(start, sorted[index + 1] ?? text.length)
    const before = BEFORE_WORDS.exec(own)![0]
    if (!/[\p{L}\p{N}§]/u.test(own.slice(before.length))) {
      isAfterBlank ||= own.trim() === ''
      continue
    }
    const indent = /^[ \t]*/.exec(own)![0].length
    const isElement = isMarkup && /^<(?!br\b)/i.test(own.trimStart())
    lines.push({ start, wordsStart: start + before.length, indent, beginsBlock: isAfterBlank || isElement })
    isAfterBlank = false
  }
  return endsSentences(lines, text) ? lines.map((line) => ({ ...line, beginsBlock: true })) : lines
}

/** Whether each line of a text without blank lines ends as a sentence does. Then each is a paragraph, and none was broken by width. */
function endsSentences(lines: Line[], text: string): boolean {
  if (lines.some(({ beginsBlock }, index) => index > 0 && beginsBlock)) return false
  const own = (line: Line, index: number) => text.slice(line.start, lines[index + 1]?.start ?? text.length)
  return lines.every((line, index) => /[.;:!?。；：！？।։؟…)”"»]\s*$/u.test(own(line, index)))
}
