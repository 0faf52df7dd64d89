import type { Level } from '../../profiles/profile.ts'
import { extendList, extendNumeral } from '../numerals/extend-numeral.ts'
import { findNumerals, type Numeral } from '../numerals/find-numerals.ts'
import { foldWords } from './fold-words.ts'
import { findBeginning, findContinuation, type Lexicon } from './lexicon.ts'

/** The meaning of a heading's words by a profile. */
export interface HeadingReading {
  level: Level | null
  number: string | null
  /** The number with the place of each letter in its alphabet. */
  sort: string | null
  letter: string | null
  thousands: string | null
  /** The text behind the words and the number: a title or a status mark. */
  rest: string
}

const UNREAD = { level: null, number: null, sort: null, letter: null, thousands: null }

/** Reads a heading's text, which has to be clean (`cleanHeading`) and of bounded length. */
export function readHeading(text: string, lexicon: Lexicon): HeadingReading {
  const trimmed = withoutPrefix(text, lexicon)
  // Behind a number at the beginning no other number belongs to a form.
  const beginsWithNumber = /^\p{Nd}/u.test(trimmed)
  for (const numeral of findNumerals(trimmed, lexicon.profile)) {
    const read = readForm(trimmed, numeral, lexicon)
    if (read !== null) return readInner(read, lexicon)
    if (beginsWithNumber) break
  }
  return readWords(trimmed, lexicon) ?? readBareNumber(trimmed, lexicon) ?? { ...UNREAD, rest: trimmed }
}

function withoutPrefix(text: string, lexicon: Lexicon): string {
  const prefix = lexicon.ignoredPrefixes.find((each) => text.startsWith(each))
  return prefix === undefined ? text : text.slice(prefix.length).trim()
}

function readForm(text: string, numeral: Numeral, lexicon: Lexicon): HeadingReading | null {
  const before = text.slice(0, numeral.start)
  // A quotation mark or a bracket before the words means that the text mentions a heading.
  if (before !== '' && !/^[\p{L}\p{M}§]/u.test(before)) return null
  for (const reading of extendNumeral(text, numeral, lexicon.profile)) {
    const after = text.slice(reading.end)
    const form = findForm(before, after, lexicon)
    // "§§ 114,115" are two numbers.
    if (form?.lists === true && /[,'’]/.test(text.slice(reading.start, reading.end))) continue
    if (form !== null) return completeReading(text, form, reading, lexicon)
  }
  return null
}

interface FoundForm {
  level: Level
  lists: boolean
  taken: number
}

function completeReading(text: string, form: FoundForm, numeral: Numeral, lexicon: Lexicon): HeadingReading {
  const { profile } = lexicon
  const after = text.slice(numeral.end + form.taken)
  const mark = profile.numberContinuations.find((each) => after.startsWith(each))
  const more = mark === undefined ? undefined : firstNumeral(after.slice(mark.length), profile)
  const level = form.level
  if (mark !== undefined && more?.start === 0) {
    const number = `${numeral.value}-${more.value}`
    return {
      level,
      number,
      sort: number,
      letter: null,
      thousands: null,
      rest: after.slice(mark.length + more.end).trim(),
    }
  }
  // "2. gr. a.": the letter stands behind the word.
  const letterBehind =
    form.taken > 0 && /^\d+$/.test(numeral.value) ? /^\.\s([a-z])(?:\.|$)/.exec(after) : null
  if (letterBehind !== null) {
    const number = `${numeral.value}${letterBehind[1]!.toUpperCase()}`
    const rest = after.slice(letterBehind[0].length).trim()
    return { level, number, sort: number, letter: null, thousands: null, rest }
  }
  const { end, value, sort, letter, thousands } =
    form.taken > 0 ? numeral : extendList(text, numeral, profile, form.lists)
  return { level, number: value, sort, letter, thousands, rest: text.slice(end + form.taken).trim() }
}

const firstNumeral = (text: string, profile: Lexicon['profile']): Numeral | undefined =>
  findNumerals(text, profile).next().value ?? undefined

const FOLLOWING = /^[\s.\-‐–:]{0,3}([\p{L}\p{M}§]+)/u
/** Nothing, or a word that is no sign alone: a sign may fold to nothing, which is a form without words behind its number. */
const PLAIN_FOLLOWING = /^(?:[\s.\-:]{0,3}[A-Za-z]|$)/

/** Finds the form by the words before the number, together with one word after it if the form has one. */
function findForm(before: string, after: string, lexicon: Lexicon): FoundForm | null {
  const { form, isContinued } = findBeginning(before, lexicon)
  if (form === undefined && !isContinued) return null
  const following = isContinued || !PLAIN_FOLLOWING.test(after) ? FOLLOWING.exec(after) : null
  const words = following === null ? [] : [following[1]!, following[1]!.slice(0, 1)]
  for (const word of words) {
    const longer = findContinuation(before, word, lexicon)
    const taken = following![0].length - following![1]!.length + word.length
    // One sign of a longer word counts only in scripts that write without spaces.
    const complete = word === following![1] || /^[\p{sc=Han}\p{sc=Hangul}]/u.test(word)
    if (longer !== undefined && complete) return { ...longer, taken }
  }
  return form === undefined || /^[\p{L}\p{M}\p{N}]/u.test(after) ? null : { ...form, taken: 0 }
}

/** "1 kap. 2 §": a chapter and the section inside of it in one heading. Its number is 1-2. */
function readInner(outer: HeadingReading, lexicon: Lexicon): HeadingReading {
  if (outer.level?.role !== 'container') return outer
  const rest = outer.rest.replace(/^[.\s]+/, '')
  const digits = /^\p{Nd}{1,4}/u.exec(rest)
  if (digits === null) return outer
  const numeral = firstNumeral(rest, lexicon.profile)
  const inner = numeral?.start === 0 ? readForm(rest, numeral, lexicon) : null
  if (inner?.level?.role !== 'leaf') return outer
  return {
    ...inner,
    number: `${outer.number}-${inner.number}`,
    sort: `${outer.sort}-${inner.sort}`,
    letter: null,
  }
}

function readWords(text: string, lexicon: Lexicon): HeadingReading | null {
  const all = /\p{N}/u.test(text) ? undefined : lexicon.words.get(foldWords(text))
  if (all?.role === 'annex' || all?.role === 'aside') return { ...UNREAD, level: all, rest: '' }
  const match = /^([\p{L}\p{M}]+)(?:[.:]?(?:\s+|$)|(?=[（(]))/u.exec(text)
  const level = match === null ? undefined : lexicon.words.get(foldWords(match[1]!))
  if (level === undefined) return null
  const rest = text.slice(match![0].length).trim()
  // "# Title" alone names nothing. A single annex needs no number.
  return rest === '' && level.role !== 'annex' && level.role !== 'aside' ? null : { ...UNREAD, level, rest }
}

/** Reads a number without a known word, as in "I. - Die Grundrechte" or "1.2 Scope". */
function readBareNumber(text: string, lexicon: Lexicon): HeadingReading | null {
  if (/^\p{L}{3}/u.test(text) && !/^[IVXLCDM]{1,9}[a-z]?\P{L}/u.test(text)) return null
  const numeral = numeralAtStart(text, lexicon.profile)
  if (numeral === null) return null
  const setOff = /^\p{Nd}/u.test(text) ? /^(?:[.:)\s]|$)/ : /^(?:[.:)]|\s[-–—]\s|$)/
  for (const reading of extendNumeral(text, numeral, lexicon.profile)) {
    const after = text.slice(reading.end)
    if (!setOff.test(after)) continue
    const { value, sort, letter } = reading
    return {
      level: null,
      number: value,
      sort,
      letter,
      thousands: null,
      rest: after.replace(/^[\s.:)\-–—]+/, ''),
    }
  }
  return null
}

function numeralAtStart(text: string, profile: Lexicon['profile']): Numeral | null {
  for (const numeral of findNumerals(text, profile)) if (numeral.start === 0) return numeral
  return null
}
