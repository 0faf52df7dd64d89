// cspell:ignore Atik Premye Dezyèm
import type { Profile } from '../profiles/profile.ts'
import { foldWords } from '../structure/headings/fold-words.ts'
import { IN_SENTENCES } from '../structure/headings/words-in-sentences.ts'
import { toAsciiDigits } from '../structure/numerals/digits.ts'
import { findNumberInWords } from '../structure/numerals/number-in-words.ts'
import type { PlacedRecord } from '../structure/records.ts'
import { eachLine, textOf } from '../syntax/lines.ts'
import { createProblem, type Problem } from './problem.ts'
import { wordsOfForms } from './unknown-numbers.ts'

/*
 * Finds lines of their own in the text of units that repeat like headings:
 * - a number in words alone ("FIRST"),
 * - a number and a title as the last line of several units ("2. Trade"), as where chapters of bare digits hold articles,
 * - the word of an article with its number on the next line,
 * - one word with another one each time ("Atik Premye", "Atik Dezyèm") where units begin at mere numbers or are chapters. Then these may
 *   be chapters of articles whose numbers nobody can read.
 */

/** A longer line, in bytes, is text. */
const LONGEST = 80
/** Most words of such a line. */
const MOST_WORDS = 5
/** Fewest lines that tell a heading from a title. */
const FEWEST = 3
/** Fewest lines that are numbers in words alone. */
const FEWEST_NUMBERS = 2

const WORD = /[\p{L}\p{M}'’]+/gu
const MARKUP = /<[^<>]*>|[#*_=]+/g
/** A line with digits or with signs inside, or with a small letter first, is no such heading. */
const PLAIN = /^(?!\p{Ll})[\p{L}\p{M}'’\s-]+[.:]?$/u
/** A number and a title, without the end of a sentence. */
const NUMBERED = /^(\p{Nd}{1,3})[.)]?\s+(?=\p{Lu}|\p{Lo})[^.;,:!?]+$/u

/** A number at the beginning of a line. */
const BARE = /^(?:\p{Nd}{1,4}|[IVXLCDM]{1,8})(?![\p{L}\p{M}\p{Nd}])/u

interface LoneLine {
  line: number
  start: number
  text: string
  holder: PlacedRecord['record']
}

/** Finds such lines. */
export function findRepeatedLines(bytes: Uint8Array, placed: PlacedRecord[], profile: Profile): Problem[] {
  const units = placed.filter(({ record: { kind } }) => kind === 'unit')
  const { lone, last, split } = loneLines(bytes, placed, profile)
  const isMere = isOfMereNumbers(units, profile)
  const found = [
    ...numbersAlone(bytes, lone, profile, isMere),
    ...titlesBetween(last),
    ...(isMere ? repeatedForms(lone, units.length) : []),
  ]
  return [
    ...[...new Set(found)]
      .filter(({ holder }) => holder.kind === 'unit')
      .map((each) => suspect(each, 'lines of this form stand alone in several places')),
    ...split.map((each) => suspect(each, 'its number seems to stand on the next line, where it is not read')),
  ]
}

function suspect({ text, line, start, holder: { address } }: LoneLine, why: string): Problem {
  const where = address === null ? 'outside of units' : `in the text of ${address}`
  const message = `"${text}" reads like a heading and stands ${where}: ${why}`
  return createProblem('HEADING_SUSPECTED', message, { line, column: 1, start })
}

interface FoundLines {
  lone: LoneLine[]
  /** The last lines of records. */
  last: LoneLine[]
  /** Words of articles whose number stands on the next line. */
  split: LoneLine[]
}

/** The lines that stand alone, first behind a heading or behind an empty line, and the last lines of the records. */
function loneLines(bytes: Uint8Array, placed: PlacedRecord[], { levels }: Profile): FoundLines {
  const leaves = levels.filter(({ role }) => role === 'leaf')
  const known = new Set(leaves.flatMap((level) => [...wordsOfForms(level).keys()]))
  const found: FoundLines = { lone: [], last: [], split: [] }
  const { lone, last, split } = found
  let word: LoneLine | null = null
  let at = 0
  let isLone = true
  eachLine(bytes, ({ number, start, end }) => {
    const mayBegin = isLone
    isLone = end === start || (end - start === 1 && bytes[start] === 0x20)
    if (isLone) return undefined
    while (at + 1 < placed.length && placed[at + 1]!.record.start <= start) at += 1
    const holder = placed[at]!.record
    const isHeading = holder.start === start
    isLone = isHeading
    if (last.at(-1)?.holder === holder) last.pop()
    // Most lines of a text are asked for nothing else.
    if (!(mayBegin || word !== null) || !isShort(bytes, start, end)) {
      word = null
      return undefined
    }
    if (isHeading && holder.number !== null && word === null) return undefined
    const text = withoutMarkup(textOf(bytes, start, end))
    if (text === '') isLone = true
    else if (word !== null) {
      if (BARE.test(text)) split.push(word)
      word = null
    }
    if (!mayBegin) return undefined
    const each = { line: number, start, text, holder }
    const isPlain = PLAIN.test(text)
    if (isPlain && !text.includes(' ') && known.has(foldWords(text))) word = each
    if (isHeading && holder.heading !== null) return undefined
    if (isPlain) lone.push(each)
    else if (NUMBERED.test(text)) last.push(each)
    return undefined
  })
  return found
}

const withoutMarkup = (text: string) => (/[<#*_=]/.test(text) ? text.replace(MARKUP, ' ') : text).trim()

/** First bytes of headings: ASCII capitals, digits and marks of markup, and any other script. A list begins with others. */
const MAY_BEGIN = new Set(
  Array.from({ length: 256 }, (_, byte) => byte).filter(
    (byte) => byte >= 0x80 || /[A-Z0-9#*_=<\s]/.test(String.fromCharCode(byte)),
  ),
)

/** Whether a line has few bytes and few words, and may begin a heading. */
function isShort(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > LONGEST || !MAY_BEGIN.has(bytes[start]!)) return false
  let spaces = 0
  for (let i = start; i < end; i++) if (bytes[i] === 0x20) spaces += 1
  return spaces < MOST_WORDS + 3
}

/** Titles with growing numbers as the last lines of records, of which two are units. */
function titlesBetween(last: LoneLine[]): LoneLine[] {
  const numberOf = ({ text }: LoneLine) => Number(toAsciiDigits(NUMBERED.exec(text)![1]!))
  const series = last.filter((each, i) => {
    const [before, next] = [last[i - 1], last[i + 1]]
    const follows = before !== undefined && numberOf(each) === numberOf(before) + 1
    const isFollowed = next !== undefined && numberOf(next) === numberOf(each) + 1
    return follows || isFollowed
  })
  return series.filter(({ holder }) => holder.kind === 'unit').length >= FEWEST_NUMBERS ? series : []
}

/** Numbers in words alone, which grow by one. "One." is a sentence, and may be all that an article says. */
function numbersAlone(bytes: Uint8Array, lone: LoneLine[], profile: Profile, isMere: boolean): LoneLine[] {
  const numbers = lone.flatMap((each) => {
    const value = isMere || !each.text.endsWith('.') ? numberOf(each.text, profile) : null
    return value === null || isAllOf(bytes, each) ? [] : [{ each, value }]
  })
  const inOrder = numbers.every(({ value }, i) => i === 0 || value === numbers[i - 1]!.value + 1)
  const lines = numbers.map(({ each }) => each)
  return inOrder && spreads(lines, FEWEST_NUMBERS) ? lines : []
}

/** The number in words that a line is, if it is nothing more. */
function numberOf(text: string, profile: Profile): number | null {
  const words = text.replace(/[.:]$/, '')
  const number = findNumberInWords(words, profile)
  return number !== null && number.start === 0 && number.end === words.length ? number.value : null
}

/** Whether a unit has no other line behind its heading. */
function isAllOf(bytes: Uint8Array, { holder: { kind, start, end } }: LoneLine): boolean {
  const lines = textOf(bytes, start, end).split(/[\r\n]+/)
  return kind === 'unit' && lines.filter((line) => line.trim() !== '').length <= 2
}

/** Whether lines stand in several units. */
const spreads = (lines: LoneLine[], fewest: number): boolean =>
  lines.length >= fewest && new Set(lines.map(({ holder }) => holder)).size > 1

/** Whether units begin at numbers without a word of the profile, or are chapters. */
function isOfMereNumbers(units: PlacedRecord[], { levels }: Profile): boolean {
  const isWorded = ({ headings, role }: Profile['levels'][number]) =>
    headings.length > 0 && role !== 'container'
  const worded = new Set(levels.filter(isWorded).map(({ name }) => name))
  const mere = units.filter(({ record: { level, number } }) => number !== null && !worded.has(level ?? ''))
  return mere.length * 2 > units.length
}

/** Lines of which one word, the first or the last, is the same in each, and the others differ: at least as many as units. */
function repeatedForms(lines: LoneLine[], units: number): LoneLine[] {
  const forms = new Map<string, LoneLine[]>()
  const seen = new Map<LoneLine, string>()
  for (const each of lines) {
    const words = (each.text.match(WORD) ?? []).map(foldWords)
    if (words.length < 2 || words.length > MOST_WORDS) continue
    seen.set(each, words.join(' '))
    for (const form of [`${words[0]!} …`, `… ${words.at(-1)!}`]) {
      const known = forms.get(form)
      if (known === undefined) forms.set(form, [each])
      else known.push(each)
    }
  }
  return [...forms].flatMap(([form, found]) => {
    const isWord = !IN_SENTENCES.has(form.replace(/ …|… /, ''))
    const isEachNew = new Set(found.map((each) => seen.get(each))).size === found.length
    return isWord && isEachNew && found.length >= Math.max(FEWEST, units) && spreads(found, FEWEST)
      ? found
      : []
  })
}
