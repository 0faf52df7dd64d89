import type { Level, Profile } from '../../profiles/profile.ts'
import { compileOpeningBytes, type OpeningBytes } from '../../syntax/line-prefilter.ts'
import { extendNumeral, findNumerals, type Numeral } from '../numerals/find-numerals.ts'
import { compileMarkers, type ListMarker } from './list-markers.ts'

/** What a heading's words say, by the profile. */
export interface HeadingReading {
  level: Level | null
  number: string | null
  letter: string | null
  /** What follows the words and the number: a title or a status mark. */
  rest: string
}

/** The profile's heading forms, by the words round the number. */
export interface Lexicon {
  profile: Profile
  forms: Map<string, Level>
  /** Forms whose words come first, so that "Article PREAMBULE" can be told without a number. */
  words: Map<string, Level>
  /** First words, and first signs of forms in scripts without spaces: most lines are told from headings by these. */
  openings: Set<string>
  openingBytes: OpeningBytes
  ignoredPrefixes: string[]
  /** Signs round a number at the beginning of a paragraph. */
  marks: ListMarker[]
}

export function compileLexicon(profile: Profile): Lexicon {
  const forms = new Map<string, Level>()
  const words = new Map<string, Level>()
  const openings = new Set<string>()
  for (const level of profile.levels) {
    for (const form of level.headings) {
      const [before = '', after = ''] = form.normalize('NFC').split('{n}')
      forms.set(formKey(before, after), level)
      openings.add(foldWords(before).split(' ')[0]!)
      if (/\p{L}/u.test(before) && after.trim() === '') words.set(foldWords(before), level)
    }
  }
  const ignoredPrefixes = profile.ignoredPrefixes.map((prefix) => prefix.normalize('NFC'))
  return {
    ...{ profile, forms, words, openings, ignoredPrefixes },
    openingBytes: compileOpeningBytes(openings, ignoredPrefixes),
    marks: compileMarkers(profile),
  }
}

const ASCII = /^[\x20-\x7e]*$/

/** Case, accents, punctuation and spacing don't tell forms apart: capitals often go without accents. */
export function foldWords(words: string): string {
  if (ASCII.test(words))
    return words
      .toLowerCase()
      .replaceAll("'", '')
      .replace(/[^a-z]+/g, ' ')
      .trim()
  return words
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replace(/['’ʼ]/g, '')
    .replace(/[^\p{L}\p{M}§]+/gu, ' ')
    .trim()
}

/** How a form is looked up. */
export function formKey(before: string, after: string): string {
  return `${foldWords(before)}{n}${foldWords(after)}`
}

const OPENING = /^(?:\p{sc=Han}|\p{sc=Hangul}|§+|[\p{L}\p{M}]+)/u

/** A cheap look at a line before it is read: false for nearly all text, never for a line of a known form. */
export function mayBeForm(text: string, lexicon: Lexicon): boolean {
  const opening = OPENING.exec(text)
  if (opening === null)
    return NUMBER_FIRST.test(text) || lexicon.ignoredPrefixes.some((prefix) => text.startsWith(prefix))
  return lexicon.openings.has(foldWords(opening[0])) || ROMAN_FIRST.test(text)
}

const NUMBER_FIRST = /^\p{Nd}[^\p{L}§]{0,20}[\p{L}§]/u
const ROMAN_FIRST = /^[IVXLCDM\u2160-\u217f]+[\s.]/

/** Reads a heading's text, which is in NFC and of bounded length. */
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
  // A quotation mark or a bracket before the words: the text speaks of a heading.
  if (before !== '' && !/^[\p{L}\p{M}§]/u.test(before)) return null
  const whole = extendNumeral(text, numeral, lexicon.profile)
  const after = text.slice(whole.end)
  const form = formAround(before, after, lexicon)
  if (form === null) {
    const bare = whole.end === numeral.end ? null : formAround(before, text.slice(numeral.end), lexicon)
    return bare === null ? null : reading(bare, numeral, text.slice(numeral.end + bare.taken), lexicon)
  }
  return reading(form, whole, after.slice(form.taken), lexicon)
}

function reading(form: { level: Level }, numeral: Numeral, after: string, lexicon: Lexicon): HeadingReading {
  const mark = lexicon.profile.numberContinuations.find((each) => after.startsWith(each))
  const more = mark === undefined ? undefined : findNumerals(after.slice(mark.length), lexicon.profile)[0]
  if (mark === undefined || more === undefined || more.start !== 0) {
    return { level: form.level, number: numeral.value, letter: numeral.letter, rest: after.trim() }
  }
  const rest = after.slice(mark.length + more.end).trim()
  return { level: form.level, number: `${numeral.value}-${more.value}`, letter: null, rest }
}

const FOLLOWING = /^[\s.\-‐–:]{0,3}([\p{L}\p{M}§]+)/u

/** Words before the number decide, together with one word after it where the form has one. */
function formAround(before: string, after: string, lexicon: Lexicon): { level: Level; taken: number } | null {
  const following = FOLLOWING.exec(after)
  const words = following === null ? [] : [following[1]!, following[1]!.slice(0, 1)]
  for (const word of words) {
    const level = lexicon.forms.get(formKey(before, word))
    const taken = following![0].length - following![1]!.length + word.length
    // One sign of a longer word counts only in scripts that write without spaces.
    const whole = word === following![1] || /^[\p{sc=Han}\p{sc=Hangul}]/u.test(word)
    if (level !== undefined && whole) return { level, taken }
  }
  const level = lexicon.forms.get(formKey(before, ''))
  return level === undefined || /^[\p{L}\p{M}\p{N}]/u.test(after) ? null : { level, taken: 0 }
}

function readWords(text: string, lexicon: Lexicon): HeadingReading | null {
  const match = /^([\p{L}\p{M}]+)[.:]?(?:\s+|$)/u.exec(text)
  const level = match === null ? undefined : lexicon.words.get(foldWords(match[1]!))
  if (level === undefined) return null
  const rest = text.slice(match![0].length).trim()
  // "# Title" alone names nothing; an annex needs no number where there is only one.
  return rest === '' && level.role !== 'annex' ? null : { level, number: null, letter: null, rest }
}

/** "I. - Die Grundrechte", "1.2 Scope": a number of no named kind. */
function readBareNumber(text: string, numerals: Numeral[], lexicon: Lexicon): HeadingReading | null {
  const numeral = numerals.find((each) => each.start === 0)
  if (numeral === undefined) return null
  const whole = extendNumeral(text, numeral, lexicon.profile)
  const after = text.slice(whole.end)
  const set = /^\p{Nd}/u.test(text) ? /^(?:[.:)\s]|$)/ : /^(?:[.:)]|\s[-–—]\s|$)/
  if (!set.test(after)) return null
  return { level: null, number: whole.value, letter: whole.letter, rest: after.replace(/^[\s.:)\-–—]+/, '') }
}
