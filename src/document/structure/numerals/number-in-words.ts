import type { Profile } from '../../profiles/profile.ts'
import { foldWords, remember } from '../headings/fold-words.ts'
import { valueOfNumberWord } from './number-words.ts'

/** Maximum number of words before which a number in words is expected. */
const FIRST_WORDS = 5
/** Maximum number of words of a number. */
const MOST_WORDS = 8

const WORD = /[\p{L}\p{M}]+(?:['’ʼ][\p{L}\p{M}]+)?/gu
/** Words inside of a number: "vingt et unième", "veinte y uno", "douăzeci și unulea", "vint-i-unè". */
const LINKS = new Set(['et', 'y', 'e', 'i', 'and', 'si', 'og', 'och', 'و'])
/** Words before an ordinal: "the First", "al doilea", "thứ hai". */
const LEADS = new Set(['the', 'al', 'a'])
/** A word of other languages too, which is a number only with another behind it: Turkish ten. */
const WEAK = new Set(['on'])
/** Words by which the one before them is multiplied. */
const FACTORS: { [word: string]: number } = { muoi: 10, puluh: 10, cent: 100, cents: 100, hundred: 100 }
const TEEN: { [word: string]: number } = { belas: 10 }
/** Semitic languages put the units before the tens, and "and" is a letter of the word. */
const SEMITIC = /^[\u0590-\u06ff]/u

/** A number in words, by offsets of the text. */
interface NumberInWords {
  start: number
  end: number
  value: number
}

/** Finds a number in words: "One", "Twenty-first", "PRVNÍ", "vigésimo tercero", "الحادية عشرة". */
export function findNumberInWords(text: string, profile: Profile): NumberInWords | null {
  const words = firstWords(text)
  for (const [i, { 0: word, index }] of words.slice(0, FIRST_WORDS).entries()) {
    if (wordValue(word, profile) === undefined) continue
    const { value, last } = addUp(text, words, i, profile)
    if (last === i && WEAK.has(foldWords(word))) continue
    const lead = words[i - 1]
    const start = lead !== undefined && LEADS.has(lead[0].toLowerCase()) ? lead.index : index
    return { start, end: words[last]!.index + words[last]![0].length, value }
  }
  return null
}

function firstWords(text: string): RegExpExecArray[] {
  const words: RegExpExecArray[] = []
  for (const word of text.matchAll(WORD)) if (words.push(word) > FIRST_WORDS + MOST_WORDS) break
  return words
}

/** Adds up the words of a number from the word `first` on. Returns its value and the place of its last word. */
function addUp(
  text: string,
  words: RegExpExecArray[],
  first: number,
  profile: Profile,
): { value: number; last: number } {
  let value = wordValue(words[first]![0], profile)!
  let last = first
  for (let at = first + 1; at < words.length && at - first < MOST_WORDS; at++) {
    const before = words[at - 1]!
    const gap = text.slice(before.index + before[0].length, words[at]!.index)
    if (!/^[\s\-‐‑’']{1,2}$/u.test(gap)) break
    const folded = foldWords(words[at]![0])
    if (LINKS.has(folded)) continue
    const sum = added(value, words[at]![0], folded, profile)
    if (sum === null) break
    value = sum
    last = at
  }
  return { value, last }
}

function added(value: number, word: string, folded: string, profile: Profile): number | null {
  const factor = FACTORS[folded]
  if (factor !== undefined && value < 10) return value * factor
  if (TEEN[folded] !== undefined && value < 10) return value + TEEN[folded]
  const isSemitic = SEMITIC.test(word)
  const joined = isSemitic && /^[וو]/u.test(word) ? word.slice(1) : null
  const worth = (joined === null ? undefined : wordValue(joined, profile)) ?? wordValue(word, profile)
  if (worth === undefined) return null
  if (isSemitic && value < 10 && (worth === 10 || (joined !== null && worth >= 20 && worth <= 100)))
    return value + worth
  // Four times twenty.
  if (value === 4 && worth === 20) return 80
  const isSoixante = (value === 60 || value === 80) && worth < 20
  const room = value % 100 === 0 ? 100 : value % 10 === 0 ? 10 : 0
  return worth < room || isSoixante ? value + worth : null
}

/** The values of words as they are written, null for a word that is no number. */
const values = new WeakMap<Profile, Map<string, number | null>>()

/** Returns the value of a word in the profile's own list or, if it has one, in that of all languages. */
function wordValue(word: string, profile: Profile): number | undefined {
  const known = values.get(profile) ?? new Map<string, number | null>()
  if (known.size === 0) values.set(profile, known)
  const value = known.get(word)
  if (value !== undefined) return value ?? undefined
  const { numberWords } = profile
  const folded = foldWords(word)
  const own = Object.hasOwn(numberWords, folded) ? numberWords[folded] : numberWords[word.toLowerCase()]
  const found = own ?? (Object.keys(numberWords).length > 0 ? valueOfNumberWord(folded) : undefined)
  remember(known, word, found ?? null)
  return found
}
