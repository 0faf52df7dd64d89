import { cleanHeading } from '../structure/headings/clean-heading.ts'
import { formKey } from '../structure/headings/fold-words.ts'
import { type Heading, mostHeadings } from '../structure/headings/heading-match.ts'
import type { Lexicon } from '../structure/headings/lexicon.ts'
import { findLevel } from '../structure/leaf-level.ts'
import { compareNumbers } from '../structure/numerals/compare-numbers.ts'
import { toAsciiDigits } from '../structure/numerals/digits.ts'
import { extendNumeral } from '../structure/numerals/extend-numeral.ts'
import { findNumerals } from '../structure/numerals/find-numerals.ts'
import type { Line } from './lines.ts'

/**
 * Headings in words that no profile knows: a form of a few words that repeats with growing numbers. Such headings are less
 * certain, which lowers the scan's confidence.
 */

const LONGEST_REPEATED = 60
/** Maximum number of forms that are counted. It bounds the memory; a form that repeats does so early. */
const MOST_FORMS = 10_000

/** The headings of one form so far. */
export interface RepeatedForm {
  headings: Heading[]
  /** The last number. */
  last: string
  /** How often the number grew from one heading to the next. */
  grown: number
}

/** Adds a line to the count of its form, if it has one. */
export function countRepeatedForm(
  forms: Map<string, RepeatedForm>,
  line: Line,
  raw: string,
  lexicon: Lexicon,
): void {
  // Lines of another syntax are no words.
  if (raw.length > LONGEST_REPEATED || /^[<#|=]/.test(raw) || !mayRepeat(raw)) return
  const text = raw.normalize('NFC')
  const found = readRepeatedForm(cleanHeading(text).text, lexicon)
  if (found === null) return
  const form = forms.get(found.key)
  if (form === undefined && forms.size >= MOST_FORMS) return
  const { name } = lexicon.profile.unnamed
  const heading: Heading = {
    line: line.number,
    start: line.start,
    after: line.next,
    depth: 1,
    text,
    normalised: text === raw,
    level: name,
    number: found.number,
    sort: found.number,
    letter: null,
    thousands: null,
    unread: null,
    words: '',
    mark: null,
  }
  if (form === undefined) {
    forms.set(found.key, { headings: [heading], last: found.number, grown: 1 })
    return
  }
  if (form.headings.length <= mostHeadings) form.headings.push(heading)
  if (compareNumbers(form.last, found.number) < 0) form.grown += 1
  form.last = found.number
}

/** A heading of a known kind counts as much as this many headings in unknown words. */
const KNOWN_WEIGHT = 3

/**
 * Replaces the known leaf headings by those of the most frequent form, if that form outweighs them. A known one stays where its number
 * stands between those around it, and is a doubt elsewhere.
 */
export function addRepeatedHeadings(
  known: Heading[],
  leaves: number,
  forms: Map<string, RepeatedForm>,
  lexicon: Lexicon,
  doubt: (heading: Heading) => void,
): Heading[] {
  let best: RepeatedForm | null = null
  for (const form of forms.values()) {
    const enough = form.grown >= lexicon.profile.repeatedForms
    if (enough && form.headings.length > (best?.headings.length ?? leaves * KNOWN_WEIGHT)) best = form
  }
  if (best === null) return known
  const level = lexicon.profile.unnamed.name
  const kept = known.flatMap((heading) => {
    if (roleOfHeading(heading, lexicon) !== 'leaf') return [heading]
    const renamed = { ...heading, level }
    const fits = heading.after > heading.start && fitsBetween(best.headings, heading)
    if (!fits) doubt(renamed)
    return fits ? [renamed] : []
  })
  return [...kept, ...best.headings].sort((a, b) => a.start - b.start)
}

function fitsBetween(headings: Heading[], { start, sort }: Heading): boolean {
  const next = headings.findIndex((each) => each.start > start)
  const [before, after] = next < 0 ? [headings.at(-1), undefined] : [headings[next - 1], headings[next]]
  const follows = (one: Heading | undefined, other: string | null) =>
    one === undefined || other === null || compareNumbers(one.sort ?? '', other) < 0
  return (
    sort !== null &&
    follows(before, sort) &&
    (after === undefined || compareNumbers(sort, after.sort ?? '') < 0)
  )
}

/** Returns the role of a heading's level in the profile. */
export function roleOfHeading(heading: Heading, lexicon: Lexicon): string | undefined {
  return findLevel(heading.level, lexicon.profile)?.role
}

/** Tests cheaply whether a line may have a repeated form: a digit, Roman or Chinese numeral among few words. */
function mayRepeat(text: string): boolean {
  let spaces = 0
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) === 0x20) spaces += 1
  return (
    spaces <= (text.endsWith(')') ? 8 : 4) &&
    /\p{Nd}|[IVXLCDM\u2160-\u217f]|[一二三四五六七八九十]/u.test(text)
  )
}

const DIGIT_OR_ROMAN = new Set([...'0123456789IVXLCDM'].map((sign) => sign.charCodeAt(0)))

/** Tests the same on bytes, before anything is decoded. It may pass lines that the test of the text does not pass. */
export function mayRepeatBytes(bytes: Uint8Array, from: number, end: number): boolean {
  if (end - from > LONGEST_REPEATED * 6) return false
  let [signs, spaces, lastSign, innerSpaces] = [0, 0, 0, 0]
  let numeral = false
  for (let i = from; i < end; i++) {
    const byte = bytes[i]!
    if ((byte & 0xc0) !== 0x80) signs += 1
    if (byte === 0x20) spaces += 1
    else {
      if (byte >= 0x80 || DIGIT_OR_ROMAN.has(byte)) numeral = true
      lastSign = signs
      innerSpaces = spaces
      if (lastSign > LONGEST_REPEATED || innerSpaces > 8) return false
    }
  }
  return numeral
}

const BRACKETED = /^[^()]{1,50}\((\p{Nd}{1,4})\)\s?\.?$/u

const JOINED_BEFORE = /(?<=\s)\p{L}{1,6}[-‐]$/u
const JOINED_AFTER = /^[-‐]?[\p{L}\p{M}]{1,6}(?=[\s.:]|$)/u

/**
 * Reads the form of a line: the words around its number. Returns null if there are too many words. Endings joined to the number
 * ("2nd", "2-chi") inflect with it and are not part of the form. Before a number in brackets ("Mellad unan (1)") the words repeat
 * the number, so only the brackets are the form.
 */
function readRepeatedForm(text: string, lexicon: Lexicon): { key: string; number: string } | null {
  const bracketed = BRACKETED.exec(text)
  if (bracketed !== null && text.split(/\s+/).length <= 8)
    return { key: '({n})', number: asciiNumber(bracketed[1]!) }
  for (const numeral of findNumerals(text, lexicon.profile)) {
    const [extended = numeral] = extendNumeral(text, numeral, lexicon.profile)
    const [before, after] = [text.slice(0, extended.start), text.slice(extended.end)]
    const inflected = formKey(before.replace(JOINED_BEFORE, ''), after.replace(JOINED_AFTER, ''))
    const key = inflected === '{n}' ? formKey(before, after) : inflected
    const words = key.split(/\{n\}|\s/).filter((word) => word !== '')
    if (words.length < 1 || words.length > 3) continue
    if (words.some((word) => lexicon.profile.neverHeadings.includes(word))) return null
    return { key, number: extended.value }
  }
  return null
}

function asciiNumber(digits: string): string {
  return String(Number(toAsciiDigits(digits)))
}
