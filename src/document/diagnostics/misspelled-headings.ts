import type { Profile } from '../profiles/profile.ts'
import { foldWords } from '../structure/headings/fold-words.ts'
import { toAsciiDigits } from '../structure/numerals/digits.ts'
import type { PlacedRecord } from '../structure/records.ts'
import { textOf } from '../syntax/lines.ts'
import { createProblem, type Problem } from './problem.ts'
import { gapBetween, seriesOf } from './sequence-problems.ts'

/** A gap of more numbers is not searched. */
const WIDEST_GAP = 50
/** A longer line is a sentence. */
const LONGEST_LINE = 120
/** Opens or closes code in Markdown. */
const FENCE = /^ {0,3}(?:```|~~~)/
/** The share of the letters, and their number, that may differ from the heading before the gap. */
const DIFFERENT = { share: 0.34, letters: 3 }

/**
 * Finds the headings that a gap of the numbers lacks: lines with a missing number behind words that are nearly those of the heading before
 * it, "Articles 7" between "Article 6" and "Article 8". Only the texts before gaps and behind the last number are read.
 */
export function findMisspelledHeadings(
  bytes: Uint8Array,
  placed: PlacedRecord[],
  profile: Profile,
): Problem[] {
  const last = new Map<string, PlacedRecord>()
  const inGaps = placed.flatMap((each) => {
    const { record } = each
    if (record.kind === 'other' || record.number === null) return []
    const key = seriesOf(record, profile)
    const before = last.get(key)
    last.set(key, each)
    if (before === undefined) return []
    const { from, to } = gapBetween(before.record.number!, record.number)
    if (!(to > from + 1 && to - from <= WIDEST_GAP)) return []
    return linesInGap(bytes, before, record.start, { from, to })
  })
  // Behind the last number of the text the next one may be misspelled.
  const end = placed.findLast(({ record: { kind, number } }) => kind !== 'other' && number !== null)
  if (end === undefined) return inGaps
  const { from } = gapBetween(end.record.number!, '')
  return [...inGaps, ...linesInGap(bytes, end, bytes.length, { from, to: from + 2 })]
}

function linesInGap(
  bytes: Uint8Array,
  before: PlacedRecord,
  end: number,
  { from, to }: { from: number; to: number },
): Problem[] {
  if (before.record.heading === null) return []
  const words = wordsBeforeNumber(before.record.heading!)?.words ?? ''
  if (words.length < 3) return []
  const problems: Problem[] = []
  let start = before.record.start
  let line = before.line
  let isFenced = false
  for (const text of textOf(bytes, start, end).split('\n')) {
    if (FENCE.test(text)) isFenced = !isFenced
    const isText = text.length > LONGEST_LINE || line === before.line
    const found = isText ? null : wordsBeforeNumber(text)
    if (found !== null && found.number > from && found.number < to && isNearly(found, words, isFenced)) {
      const message = `"${text.trim()}" reads like a heading and stands in the text of ${before.record.address}: number ${found.number} is missing, and its words are, or are nearly, those of "${before.record.heading}"`
      problems.push(createProblem('HEADING_SUSPECTED', message, { line, column: 1, start }))
    }
    start += Buffer.byteLength(text) + 1
    line += 1
  }
  return problems
}

/** The folded words before the first number of a line. */
interface NumberedLine {
  words: string
  number: number
  /** Whether it may be a heading by more than its words: the signs of one before them, or nothing behind the number. */
  isApart: boolean
}

function wordsBeforeNumber(text: string): NumberedLine | null {
  const match = /^([^\p{L}\p{N}<]*)(\p{L}[^\p{N}]{0,40}?)[\s.]*(\p{Nd}{1,6})(?![\p{L}\p{N}])(.*)$/u.exec(text)
  if (match === null) return null
  const [, before = '', words = '', digits = '', behind = ''] = match
  const isApart = /[#=*>|+-]/.test(before) || !/[\p{L}\p{N}]/u.test(behind)
  return { words: foldWords(words), number: Number(toAsciiDigits(digits)), isApart }
}

/** Whether the words are misspelled, or the same in a line that was not read as a heading. */
function isNearly({ words: one, isApart }: NumberedLine, other: string, isFenced: boolean): boolean {
  if (one === other) return isApart || isFenced
  if (isFenced) return false
  const most = Math.min(DIFFERENT.letters, Math.floor(other.length * DIFFERENT.share))
  return Math.abs(one.length - other.length) <= most && editsBetween(one, other) <= most
}

/** The number of letters to insert, delete or replace (Levenshtein). Both texts are short. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const replaced = row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row.at(-1)!
}
