import type { Profile } from '../../profiles/profile.ts'
import { toAsciiDigits } from './digits.ts'
import { type Numeral, plainForm } from './find-numerals.ts'
import { findNumberLetter } from './letters.ts'

const MOST_PARTS = 8
const MOST_LISTED = 40

/**
 * Extends a numeral by what belongs to the number behind its digits: "12a", "12²", "77z-2a", "XI bis", "1er", "103-A", "2/A", "191 a". Returns
 * all readings, the longest first, because the words of a heading decide how far its number goes.
 */
export function extendNumeral(text: string, numeral: Numeral, profile: Profile): Numeral[] {
  const readings = [numeral]
  for (let part = 0; part < MOST_PARTS; part++) {
    const longer = onePart(text, readings[0]!, profile)
    if (longer === null) break
    readings.unshift(longer)
  }
  return readings
}

/** Extends a number by others that its heading names: "74a und 75" is 74A_75; if it `lists` numbers, also "114, 115" and "7–9". */
export function extendList(text: string, first: Numeral, profile: Profile, lists: boolean): Numeral {
  let all = lists ? splitRange(first) : first
  for (let i = 0; i < MOST_LISTED && all.end < text.length; i++) {
    const joined = /^\s*(?:([\p{L}]+)(?=\s)|([&,;–—-]))\s*(?=(?:§{1,2}\s?)?\p{Nd})(?:§{1,2}\s?)?/u.exec(
      text.slice(all.end),
    )
    if (joined === null) break
    const word = joined[1]?.toLowerCase()
    if (word === undefined ? !lists && joined[2] !== '&' : !profile.numberJoiners.includes(word)) break
    const start = all.end + joined[0].length
    const digits = /^\p{Nd}{1,9}(?:[.\-‐‑/]\p{Nd}{1,9})*/u.exec(text.slice(start))!
    const value = plainForm(digits[0])
    const next = { start, end: start + digits[0].length, value, sort: value, letter: null, thousands: null }
    const [last] = extendNumeral(text, next, profile)
    all = {
      ...all,
      end: last!.end,
      value: `${all.value}_${last!.value}`,
      sort: `${all.sort}_${last!.sort}`,
      thousands: null,
      letter: null,
    }
  }
  return all
}

/** "§§ 114-116" is a range, unlike "§ 88-1". */
function splitRange(numeral: Numeral): Numeral {
  const range = /^(\d+)-(\d+)$/.exec(numeral.value)
  if (range === null || Number(range[2]) <= Number(range[1])) return numeral
  const value = `${range[1]}_${range[2]}`
  return { ...numeral, value, sort: value }
}

/** Signs between thousands. */
const GROUPING = new Set([...",'’\u202f"])

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'

function onePart(text: string, numeral: Numeral, profile: Profile): Numeral | null {
  if (numeral.end === text.length) return null
  const rest = text.slice(numeral.end)
  // Latvian writes a point before it: "2.¹".
  const raised = /^\.?[⁰¹²³⁴-⁹]{1,4}/u.exec(rest)
  if (raised !== null) {
    const digits = [...raised[0].replace('.', '')].map((sign) => SUPERSCRIPTS.indexOf(sign)).join('')
    return extended(numeral, raised[0].length, `-${Number(digits)}`)
  }
  const more = /^([-‐‑.])(\p{Nd}{1,4})(?!\p{Nd})/u.exec(rest)
  if (more !== null && /[A-Z]$/.test(numeral.value))
    return extended(numeral, more[0].length, `${more[1] === '.' ? '.' : '-'}${plainForm(more[2]!)}`)
  // "1,040": which only a heading of one number has.
  const grouped =
    GROUPING.has(rest[0]!) && /^[1-9]\d{0,2}$/.test(numeral.value)
      ? /^(?:[,'’\u202f]\p{Nd}{3})+(?!\p{Nd})/u.exec(rest)
      : null
  if (grouped !== null)
    return extended(numeral, grouped[0].length, toAsciiDigits(grouped[0]).replace(/\D/g, ''))
  return wordPart(text, numeral, rest, profile)
}

const FOLLOWS_LETTER = /^\s*(?:$|[.:;,)\]§।։።：、，؛：]|[-–—(]|<)/u

function wordPart(text: string, numeral: Numeral, rest: string, profile: Profile): Numeral | null {
  // "2.a člen", "Članak 2.a".
  const pointed = rest[0] !== '.' ? null : /^\.([a-z])(?=$|[\s.:)])/u.exec(rest)
  if (pointed !== null && /^\d+$/.test(numeral.value))
    return extended(numeral, pointed[0].length, pointed[1]!.toUpperCase())
  const match = /^([\s\-‐‑/]?|\s[-‐‑–]\s)([\p{L}\p{M}º°ª]+)/u.exec(rest)
  if (match === null) return null
  const [taken, gap, letters] = [match[0], match[1]!, match[2]!]
  const small = letters.toLowerCase()
  const behind = rest.slice(taken.length)
  if (gap === '' && profile.ordinalMarks.includes(small)) return extended(numeral, taken.length, '')
  if (profile.numberJoiners.includes(small) && /^\s+\p{Nd}/u.test(text.slice(numeral.end + taken.length)))
    return null
  // "1 - ter" is a number, and "1 - Term" has a title.
  if (gap.length > 1 && (small !== letters || !FOLLOWS_LETTER.test(behind))) return null
  if (profile.numberSuffixes.includes(small))
    return extended(numeral, taken.length, `-${small.toUpperCase()}`)
  const suffix = profile.numberSuffixWords?.[withoutVowelSigns(small)]
  if (suffix !== undefined) return extended(numeral, taken.length, `-${suffix.toUpperCase()}`)
  const found = [...letters].map(findNumberLetter)
  if (found.some((each) => each === null) || letters.length > 2) return null
  const [written, place] = [
    found.map((each) => each!.written).join(''),
    found.map((each) => each!.place).join(''),
  ]
  const separator = /-[A-Z]+$/.test(numeral.value) ? '-' : ''
  const longer = () => extended(numeral, taken.length, separator + written, separator + place)
  if (gap === '') return /^[a-z]{1,2}$/i.test(letters) || letters.length === 1 ? longer() : null
  if (letters.length > 1 || gap.length > 1) return null
  if (gap !== ' ') return /^[\p{Nd}]/u.test(behind) ? null : longer()
  // "191 a Weitere": a small letter apart belongs to the number if a title begins behind it.
  const isApart = FOLLOWS_LETTER.test(behind) || (small === letters && /^\s+\p{Lu}/u.test(behind))
  return isApart ? longer() : null
}

/** Arabic may be written with signs for its short vowels, and with lengthened letters. */
const withoutVowelSigns = (word: string) => word.replace(/[\u064b-\u0652\u0640]/gu, '')

function extended(numeral: Numeral, length: number, value: string, sort = value): Numeral {
  return {
    start: numeral.start,
    end: numeral.end + length,
    value: numeral.value + value,
    sort: numeral.sort + sort,
    letter: value === '' ? numeral.letter : null,
    thousands: value === '' ? numeral.thousands : null,
  }
}
