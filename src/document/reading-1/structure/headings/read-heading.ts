import type { Level } from '../../../profiles/profile.ts'
import { extendNumeral, findNumerals, type Numeral } from '../numerals/find-numerals.ts'
import { foldWords, formKey, type Lexicon } from './lexicon.ts'

/** The meaning of a heading's words by a profile. */
interface HeadingReading {
  level: Level | null
  number: string | null
  letter: string | null
  /** The text behind the words and the number: a title or a status mark. */
  rest: string
}

/** Reads a heading's text, which has to be in NFC and of bounded length. */
export function readHeading(text: string, lexicon: Lexicon): HeadingReading {
  const trimmed = withoutPrefix(text, lexicon).replace(/\s+/gu, ' ').trim()
  const numerals = findNumerals(trimmed, lexicon.profile)
  for (const numeral of numerals) {
    const read = readForm(trimmed, numeral, lexicon)
    if (read !== null) return read
  }
  return (
    readWords(trimmed, lexicon) ??
    readBareNumber(trimmed, numerals, lexicon) ?? { level: null, number: null, letter: null, rest: trimmed }
  )
}

function withoutPrefix(text: string, lexicon: Lexicon): string {
  const prefix = lexicon.ignoredPrefixes.find((each) => text.startsWith(each))
  return prefix === undefined ? text : text.slice(prefix.length)
}

function readForm(text: string, numeral: Numeral, lexicon: Lexicon): HeadingReading | null {
  const before = text.slice(0, numeral.start)
  // A quotation mark or a bracket before the words means that the text mentions a heading.
  if (before !== '' && !/^[\p{L}\p{M}§]/u.test(before)) return null
  const extended = extendNumeral(text, numeral, lexicon.profile)
  const after = text.slice(extended.end)
  const form = findForm(before, after, lexicon)
  if (form === null) {
    const bare = extended.end === numeral.end ? null : findForm(before, text.slice(numeral.end), lexicon)
    return bare === null
      ? null
      : completeReading(bare, numeral, text.slice(numeral.end + bare.taken), lexicon)
  }
  return completeReading(form, extended, after.slice(form.taken), lexicon)
}

function completeReading(
  form: { level: Level },
  numeral: Numeral,
  after: string,
  lexicon: Lexicon,
): HeadingReading {
  const mark = lexicon.profile.numberContinuations.find((each) => after.startsWith(each))
  const more = mark === undefined ? undefined : findNumerals(after.slice(mark.length), lexicon.profile)[0]
  if (mark === undefined || more === undefined || more.start !== 0) {
    return { level: form.level, number: numeral.value, letter: numeral.letter, rest: after.trim() }
  }
  const rest = after.slice(mark.length + more.end).trim()
  return { level: form.level, number: `${numeral.value}-${more.value}`, letter: null, rest }
}

const FOLLOWING = /^[\s.\-‐–:]{0,3}([\p{L}\p{M}§]+)/u

/** Finds the form by the words before the number, together with one word after it if the form has one. */
function findForm(before: string, after: string, lexicon: Lexicon): { level: Level; taken: number } | null {
  const following = FOLLOWING.exec(after)
  const words = following === null ? [] : [following[1]!, following[1]!.slice(0, 1)]
  for (const word of words) {
    const level = lexicon.forms.get(formKey(before, word))
    const taken = following![0].length - following![1]!.length + word.length
    // One sign of a longer word counts only in scripts that write without spaces.
    const complete = word === following![1] || /^[\p{sc=Han}\p{sc=Hangul}]/u.test(word)
    if (level !== undefined && complete) return { level, taken }
  }
  const level = lexicon.forms.get(formKey(before, ''))
  return level === undefined || /^[\p{L}\p{M}\p{N}]/u.test(after) ? null : { level, taken: 0 }
}

function readWords(text: string, lexicon: Lexicon): HeadingReading | null {
  const match = /^([\p{L}\p{M}]+)[.:]?(?:\s+|$)/u.exec(text)
  const level = match === null ? undefined : lexicon.words.get(foldWords(match[1]!))
  if (level === undefined) return null
  const rest = text.slice(match![0].length).trim()
  // "# Title" alone names nothing. A single annex needs no number.
  return rest === '' && level.role !== 'annex' ? null : { level, number: null, letter: null, rest }
}

/** Reads a number without a known word, as in "I. - Die Grundrechte" or "1.2 Scope". */
function readBareNumber(text: string, numerals: Numeral[], lexicon: Lexicon): HeadingReading | null {
  const numeral = numerals.find((each) => each.start === 0)
  if (numeral === undefined) return null
  const extended = extendNumeral(text, numeral, lexicon.profile)
  const after = text.slice(extended.end)
  const setOff = /^\p{Nd}/u.test(text) ? /^(?:[.:)\s]|$)/ : /^(?:[.:)]|\s[-–—]\s|$)/
  if (!setOff.test(after)) return null
  return {
    level: null,
    number: extended.value,
    letter: extended.letter,
    rest: after.replace(/^[\s.:)\-–—]+/, ''),
  }
}
