import type { Profile } from '../../profiles/profile.ts'
import { foldWords, remember } from '../headings/fold-words.ts'
import { parseChineseNumeral } from './chinese-numerals.ts'
import { toAsciiDigits } from './digits.ts'
import { parseLetterNumeral } from './letters.ts'
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
const WORDS = /[\p{L}\p{M}]+/gu

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
  const word = findNumberWord(text, profile)
  if (word !== null) yield word
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

/** Maximum number of words in which a number in words is expected. */
const FIRST_WORDS = 5

/** Finds a number in words: "One", "Twenty-first", "PRVNÍ". */
function findNumberWord(text: string, profile: Profile): Numeral | null {
  const words = firstWords(text)
  for (const [i, match] of words.slice(0, FIRST_WORDS).entries()) {
    const worth = wordValue(match[0], profile)
    if (worth === undefined) continue
    const next = words[i + 1]
    const unit = next === undefined || worth < 20 || worth % 10 > 0 ? undefined : wordValue(next[0], profile)
    const near = next !== undefined && /^[\s-]$/.test(text.slice(match.index + match[0].length, next.index))
    const [number, last] = unit !== undefined && unit < 10 && near ? [worth + unit, next!] : [worth, match]
    const value = String(number)
    const end = last.index + last[0].length
    return { start: match.index, end, value, sort: value, letter: null, thousands: null }
  }
  return null
}

function firstWords(text: string): RegExpExecArray[] {
  const words: RegExpExecArray[] = []
  for (const word of text.matchAll(WORDS)) if (words.push(word) > FIRST_WORDS) break
  return words
}

/** The values of words as they are written, null for a word that is no number. */
const values = new WeakMap<Profile, Map<string, number | null>>()

function wordValue(word: string, profile: Profile): number | undefined {
  const known = values.get(profile) ?? new Map<string, number | null>()
  if (known.size === 0) values.set(profile, known)
  const value = known.get(word)
  if (value !== undefined) return value ?? undefined
  const { numberWords } = profile
  const folded = foldWords(word)
  const found = Object.hasOwn(numberWords, folded) ? numberWords[folded] : numberWords[word.toLowerCase()]
  remember(known, word, found ?? null)
  return found
}

/** Returns a number that stands alone (an attribute's value) in the form for addresses. Other signs become "-". */
export function normaliseNumber(text: string): string {
  return plainForm(text.normalize('NFKC'))
    .toUpperCase()
    .replace(/[^A-Z0-9.]+/g, '-')
    .replace(/^-|-$/g, '')
}
