import type { Syntax } from '../profiles/profile.ts'
import type { PlacedRecord } from '../structure/records.ts'
import { textOf } from '../syntax/lines.ts'
import { createProblem, type Problem } from './problem.ts'

/** Fewest items of a list that may be the units of a text. */
const FEWEST = 3
/** A text is read as far as this for its list. */
const READ_BYTES = 100_000
/** Items with their numbers: of Markdown, and of HTML with the number in the text. */
const ITEMS: { [syntax in Syntax]?: RegExp } = {
  markdown: /^ {0,3}(\d{1,3})[.)]\s+\S/gm,
  html: /<(?:p|li|div|td)(?:\s[^<>]*)?>\s*(?:<[^<>]*>\s*)*(\d{1,3})[.)](?=[\s<])/gi,
}
/** An item of a list that HTML numbers. */
const ORDERED = /<ol[\s>]/i
const ITEM = /<li[\s>]/gi

/** Finds a numbered list in a text that is cut as one unit without a number: its items may be the units. */
export function findUnreadList(bytes: Uint8Array, placed: PlacedRecord[], syntax: Syntax): Problem[] {
  const units = placed.filter(({ record: { kind } }) => kind === 'unit' || kind === 'excluded')
  const [unit] = units
  if (unit === undefined || units.length > 1 || unit.record.number !== null) return []
  const { start, end, address } = unit.record
  const text = textOf(bytes, start, Math.min(end, start + READ_BYTES))
  const items = countItems(text, syntax)
  if (items < FEWEST) return []
  const message = `the text of ${address} is the only unit, and holds a list of ${items} numbered items, which may be the units`
  return [createProblem('HEADING_SUSPECTED', message, { line: unit.line, column: 1, start })]
}

/** Counts items that are numbered in order, or all of them by 1, which Markdown counts itself. */
function countItems(text: string, syntax: Syntax): number {
  const pattern = ITEMS[syntax]
  if (pattern === undefined) return 0
  const numbers = [...text.matchAll(pattern)].map((match) => Number(match[1]))
  const ones = syntax === 'markdown' && numbers.every((number) => number === 1) ? numbers.length : 0
  const inOrder = numbers.reduce((next, number) => (number === next ? next + 1 : next), 1) - 1
  const listed = syntax === 'html' && ORDERED.test(text) ? (text.match(ITEM)?.length ?? 0) : 0
  return Math.max(ones, inOrder, listed)
}
