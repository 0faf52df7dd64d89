import type { Profile } from '../profiles/profile.ts'
import { foldWords } from '../structure/headings/fold-words.ts'
import { toAsciiDigits } from '../structure/numerals/digits.ts'
import { parseRoman } from '../structure/numerals/roman-numerals.ts'
import type { PlacedRecord } from '../structure/records.ts'
import { eachLine, textOf } from '../syntax/lines.ts'
import { createProblem, type Problem } from './problem.ts'
import { wordsOfForms } from './unknown-numbers.ts'

/*
 * Finds lines that begin with one word and growing numbers where hardly a unit has a number: "- Article 1", "Canto 1 …". A text that is cut at
 * its chapters, or at headings without numbers, may have its units there.
 */

/** So many units with a number are a reading of the text, and such lines are their parts. */
const READ = 3
/** Fewest lines of a series: of a word that no profile knows, and of one that begins headings. */
const FEWEST = 3
const FEWEST_KNOWN = 2
/** Bytes of a line that are asked. */
const ASKED = 160

/** Signs of lists and of markup, a word, and a number. */
const BEGINNING =
  /^(?:<[^<>]*>|[\s#*_=>•·▪◦‣+|"“«„(-])*([\p{L}\p{M}'’]{2,30}|§{1,2})\.?\s*(\p{Nd}{1,4}|[IVXLCDM]{1,9})(?![\p{L}\p{M}\p{Nd}])/u

interface Beginning {
  line: number
  start: number
  text: string
  number: number
}

/** Finds such lines. `isGuess`: the text is cut at its chapters. */
export function findUnreadSeries(
  bytes: Uint8Array,
  placed: PlacedRecord[],
  profile: Profile,
  isGuess: boolean,
): Problem[] {
  const numbered = placed.filter(({ record: { kind, number } }) => kind !== 'other' && number !== null)
  const units = numbered.filter(({ record: { kind } }) => kind !== 'container')
  if (!isGuess && units.length >= READ) return []
  const starts = new Set(numbered.map(({ record }) => record.start))
  const known = new Set(
    profile.levels.flatMap((level) => (level.role === 'leaf' ? [...wordsOfForms(level).keys()] : [])),
  )
  return [...beginnings(bytes, starts)].flatMap(([word, lines]) => {
    const series = longestSeries(lines)
    const fewest = known.has(word) || word === '§' ? FEWEST_KNOWN : FEWEST
    if (series.length < Math.max(fewest, units.length)) return []
    return series.map(({ text, line, start }) => {
      const holder = placed.findLast(({ record }) => record.start <= start)?.record.address ?? null
      const where = holder === null ? 'outside of units' : `in the text of ${holder}`
      const message = `"${text}" reads like a heading and stands ${where}: ${series.length} lines begin like it with growing numbers, and hardly a unit has a number`
      return createProblem('HEADING_SUSPECTED', message, { line, column: 1, start })
    })
  })
}

/** The lines that begin with a number, by the word before it, without those of headings that were read. */
function beginnings(bytes: Uint8Array, starts: ReadonlySet<number>): Map<string, Beginning[]> {
  const found = new Map<string, Beginning[]>()
  eachLine(bytes, ({ number: line, start, end }) => {
    if (starts.has(start)) return undefined
    const text = textOf(bytes, start, Math.min(end, start + ASKED)).trim()
    const match = BEGINNING.exec(text)
    if (match === null) return undefined
    const [, word = '', numeral = ''] = match
    const number = /^\p{Nd}/u.test(numeral) ? Number(toAsciiDigits(numeral)) : parseRoman(numeral)
    if (number === null) return undefined
    const key = word.startsWith('§') ? '§' : foldWords(word)
    const lines = found.get(key)
    const each = { line, start, text: text.slice(0, 80), number }
    if (lines === undefined) found.set(key, [each])
    else lines.push(each)
    return undefined
  })
  return found
}

/** The longest run of lines whose numbers begin at 1 and grow by one. Other numbers may stand between them. */
function longestSeries(lines: Beginning[]): Beginning[] {
  let longest: Beginning[] = []
  let series: Beginning[] = []
  for (const each of lines) {
    if (each.number === series.length + 1) series.push(each)
    else if (each.number === 1) series = [each]
    if (series.length > longest.length) longest = [...series]
  }
  return longest
}
