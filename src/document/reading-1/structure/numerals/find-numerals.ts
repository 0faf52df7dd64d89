import type { Profile } from '../../../profiles/profile.ts'
import { parseChineseNumeral } from '../../../structure/numerals/chinese-numerals.ts'
import { toAsciiDigits } from '../../../structure/numerals/digits.ts'
import { parseRoman } from '../../../structure/numerals/roman-numerals.ts'

/** A part of a heading that may be its number, by offsets of the heading's text. */
export interface Numeral {
  start: number
  end: number
  /** In the form for addresses: ASCII, uppercase. */
  value: string
  /** A single letter such as I or C. The heading before it decides whether the letter is a Roman numeral. */
  letter: string | null
}

const DIGITS = /\p{Nd}{1,9}(?:[.\-–‐‑/]\p{Nd}{1,9}){0,6}/u
// "Article L. 111-1": some codes of law prefix their numbers with a letter.
const LETTERED = /(?<=\s)[A-Z]\.?\s?\p{Nd}{1,9}(?:[.\-–‐‑/]\p{Nd}{1,9}){0,6}/u
const ROMAN =
  /(?<![\p{L}\p{M}\p{N}])(?:[IVXLCDM]{1,9}|[ivx]{1,9}|[\u2160-\u217f]{1,4})(?=[a-z]?(?![\p{L}\p{M}\p{N}]))/u
const HAN = /[〇零一二三四五六七八九十百千]{1,9}/u
const LETTER = /(?<![\p{L}\p{M}\p{N}.'’])[A-Z](?![\p{L}\p{M}\p{N}'’])/u
const WORDS = /[\p{L}\p{M}]+/gu

/** Finds the first candidate of each kind of numeral that the profile knows, the most certain kind first. */
export function findNumerals(text: string, profile: Profile): Numeral[] {
  const found: Numeral[] = []
  const add = (match: RegExpExecArray | null, value: (text: string) => string | number | null) => {
    if (match === null) return
    const read = value(match[0])
    if (read === null) return
    const single = /^[A-Z]$/.test(match[0]) ? match[0] : null
    found.push({
      start: match.index,
      end: match.index + match[0].length,
      value: String(read),
      letter: single,
    })
  }
  add(DIGITS.exec(text), plainForm)
  add(LETTERED.exec(text), plainForm)
  for (const kind of profile.numbering) {
    if (kind === 'roman') add(ROMAN.exec(text), (numeral) => parseRoman(numeral.normalize('NFKC')))
    if (kind === 'han') add(HAN.exec(text), parseChineseNumeral)
    if (kind === 'letter') add(LETTER.exec(text), (letter) => letter)
  }
  const word = numberWord(text, profile)
  if (word !== null) found.push(word)
  return found
}

function plainForm(digits: string): string {
  return toAsciiDigits(digits)
    .replace(/[–‐‑/]/g, '-')
    .replace(/[\s]|(?<=[A-Z])\./g, '')
    .replace(/\d+/g, (run) => String(Number(run)))
}

function numberWord(text: string, profile: Profile): Numeral | null {
  let seen = 0
  for (const match of text.matchAll(WORDS)) {
    if (seen++ > 4) break
    const value = profile.numberWords[match[0].toLowerCase()]
    if (value !== undefined && match.index > 0) {
      return { start: match.index, end: match.index + match[0].length, value: String(value), letter: null }
    }
  }
  return null
}

/** Extends a numeral by what belongs to the number behind its digits: "12a", "XI bis", "1er", "74a und 75". */
export function extendNumeral(text: string, numeral: Numeral, profile: Profile): Numeral {
  const first = oneSuffix(text, numeral, profile)
  const joined = /^\s+([\p{L}]+)\s+(?=\p{Nd})/u.exec(text.slice(first.end))
  if (joined === null || !profile.numberJoiners.includes(joined[1]!.toLowerCase())) return first
  const offset = first.end + joined[0].length
  const digits = /^\p{Nd}{1,9}/u.exec(text.slice(offset))!
  const second = oneSuffix(
    text,
    { start: offset, end: offset + digits[0].length, value: plainForm(digits[0]), letter: null },
    profile,
  )
  return { start: first.start, end: second.end, value: `${first.value}_${second.value}`, letter: null }
}

function oneSuffix(text: string, numeral: Numeral, profile: Profile): Numeral {
  const rest = text.slice(numeral.end)
  const word = /^[\s-]?([\p{L}º°ª]+)(?![\p{L}\p{M}\p{N}])/u.exec(rest)
  if (word === null) return numeral
  const [taken, letters] = [word[0], word[1]!.toLowerCase()]
  const end = numeral.end + taken.length
  if (taken.length === letters.length && profile.ordinalMarks.includes(letters)) return { ...numeral, end }
  const joinerFollows = profile.numberJoiners.includes(letters) && /^\s+\p{Nd}/u.test(text.slice(end))
  if (joinerFollows) return numeral
  if (profile.numberSuffixes.includes(letters)) {
    return { ...numeral, end, value: `${numeral.value}-${letters.toUpperCase()}`, letter: null }
  }
  const ascii = /^[a-z]{1,2}$/.test(letters)
  const adjacent = taken.length === letters.length && ascii
  // "IV a. -": a separate single letter belongs to the number only if nothing but punctuation follows it.
  const apart =
    /^[\s-]?[a-z]$/i.test(taken) && /^\s*(?:$|[.:)]|[-–—(])/.test(text.slice(end)) && !/^\d/.test(letters)
  if (!adjacent && !apart) return numeral
  return { ...numeral, end, value: `${numeral.value}${letters.toUpperCase()}`, letter: null }
}

/** Returns a number that stands alone (an attribute's value) in the form for addresses. Other signs become "-". */
export function normaliseNumber(text: string): string {
  return plainForm(text.normalize('NFKC'))
    .toUpperCase()
    .replace(/[^A-Z0-9.]+/g, '-')
    .replace(/^-|-$/g, '')
}
