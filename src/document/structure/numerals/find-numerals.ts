import type { Profile } from '../../profiles/profile.ts'
import { parseChineseNumeral } from './chinese-numerals.ts'
import { toAsciiDigits } from './digits.ts'
import { parseLetterNumeral } from './letters.ts'
import { findNumberInWords } from './number-in-words.ts'
import { parseRoman } from './roman-numerals.ts'

/** A part of a heading that may be its number, by offsets of the heading's text. */
export interface Numeral {
  start: number
  end: number
  /** In the form for addresses: ASCII, uppercase. */
  value: string
  /** The same with the place of each letter in its alphabet, for comparing. */
  sort: string
  /** A single letter such as I or C. The heading before it decides whether the letter is a Roman numeral. */
  letter: string | null
  /** The number if its points separate thousands: 1040 for 1.040. The other headings decide that. */
  thousands: string | null
}

const DIGITS = /\p{Nd}{1,9}(?:[.\-–‐‑/]\p{Nd}{1,9}){0,6}/u
// "Article L. 111-1": some codes of law prefix their numbers with a letter.
const LETTERED = /(?<=\s)[A-Z]\.?\s?\p{Nd}{1,9}(?:[.\-–‐‑/]\p{Nd}{1,9}){0,6}/u
const ROMAN =
  /(?<![\p{L}\p{M}\p{N}])(?:[IVXLCDM]{1,9}|[ivx]{1,9}|[\u2160-\u217f]{1,4})(?=[a-z]?(?![\p{L}\p{M}\p{N}]))/u
const HAN = /[〇零一二三四五六七八九十百千]{1,9}/u
const LETTER = /(?<![\p{L}\p{M}\p{N}.'’])[A-Z](?![\p{L}\p{M}\p{N}'’])/u
const GREEK_OR_HEBREW =
  /(?<![\p{L}\p{M}])(?:[\u0370-\u03ff]{1,4}[΄'ʹ′´’]|[א-ת]{1,2}[׳'’]?(?![\p{L}\p{M}])|[א-ת]{1,2}[״"][א-ת])/u

/**
 * Finds the first candidate of each kind of numeral that the profile knows, the most certain kind first. They are found one by one,
 * because nearly always the first is the number.
 */
export function* findNumerals(text: string, profile: Profile): Generator<Numeral> {
  const digits = numeralOf(DIGITS.exec(text), plainForm)
  if (digits !== null) yield digits
  const lettered = digits === null ? null : numeralOf(LETTERED.exec(text), plainForm)
  if (lettered !== null) yield lettered
  for (const kind of profile.numbering) {
    const found = findKind(text, kind)
    if (found !== null) yield found
  }
  const word = findNumberInWords(text, profile)
  if (word === null) return
  const value = String(word.value)
  yield { start: word.start, end: word.end, value, sort: value, letter: null, thousands: null }
}

function findKind(text: string, kind: Profile['numbering'][number]): Numeral | null {
  if (kind === 'roman') return numeralOf(ROMAN.exec(text), (numeral) => parseRoman(numeral.normalize('NFKC')))
  if (kind === 'han') return numeralOf(HAN.exec(text), parseChineseNumeral)
  if (kind === 'letter') return numeralOf(LETTER.exec(text), (letter) => letter)
  return kind === 'letters' ? numeralOf(GREEK_OR_HEBREW.exec(text), parseLetterNumeral) : null
}

function numeralOf(
  match: RegExpExecArray | null,
  toValue: (text: string) => string | number | null,
): Numeral | null {
  const read = match === null ? null : toValue(match[0])
  if (match === null || read === null) return null
  const value = String(read)
  return {
    start: match.index,
    end: match.index + match[0].length,
    value,
    sort: value,
    letter: /^[A-Z]$/.test(match[0]) ? match[0] : null,
    thousands: thousandsOf(match[0]),
  }
}

function thousandsOf(digits: string): string | null {
  if (!digits.includes('.')) return null
  return /^\p{Nd}{1,3}(?:\.\p{Nd}{3})+$/u.test(digits) ? toAsciiDigits(digits).replaceAll('.', '') : null
}

/** Returns digits of any script in the form for addresses. */
export function plainForm(digits: string): string {
  if (/^[1-9]\d{0,8}$/.test(digits)) return digits
  return toAsciiDigits(digits)
    .replace(/[–‐‑/]/g, '-')
    .replace(/[\s]|(?<=[A-Z])\./g, '')
    .replace(/\d+/g, (run) => String(Number(run)))
}

/** Returns a number that stands alone (an attribute's value) in the form for addresses. Other signs become "-". */
export function normaliseNumber(text: string): string {
  return plainForm(text.normalize('NFKC'))
    .toUpperCase()
    .replace(/[^A-Z0-9.]+/g, '-')
    .replace(/^-|-$/g, '')
}
