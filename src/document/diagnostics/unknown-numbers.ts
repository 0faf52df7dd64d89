// cspell:ignore Lehenengo artikulua Ibara
import type { Level, Profile } from '../profiles/profile.ts'
import { foldWords } from '../structure/headings/fold-words.ts'
import { IN_SENTENCES } from '../structure/headings/words-in-sentences.ts'
import type { Boundary } from '../structure/outline.ts'
import type { PlacedRecord } from '../structure/records.ts'
import { asBuffer, eachLine, positionOf, textOf } from '../syntax/lines.ts'
import { classifyLineEnd } from '../syntax/run-in-headings.ts'
import { createProblem, type Problem } from './problem.ts'

/*
 * Finds lines with the words of the text's own headings behind words that nobody reads as a number: "Lehenengo artikulua" before
 * "3. artikulua". The words of a number are unknown in most languages, so the word behind them is what shows such a heading.
 */

/** Headings of a level that are asked for their words. */
const ASKED = 20
/** Longest beginning of a line, in bytes, in which the word stands. */
const LONGEST_BEGINNING = 160
/** A longer line, in bytes, is a paragraph: a sign has to end the number there. */
const LONGEST_LINE = 200
/** A shorter line before a heading is a title, although no sign ends it. */
const LONGEST_TITLE = 40
/** Most findings. */
const MOST = 1_000

const LETTERS = /[\p{L}\p{M}]+/gu
/** Scripts that put the number between two signs, or write no spaces: their headings are read as forms around a number. */
const WITHOUT_SPACES = /[\p{sc=Han}\p{sc=Hangul}\p{sc=Hiragana}]/u
/** Words of a number before the word of the heading, which begin a line. */
const NUMBER = /^[#=>*_~\s]*(?=[^\p{Ll}]|\p{sc=Georgian})([\p{L}\p{M}'’]+(?:[\s-][\p{L}\p{M}'’]+){0,2})\s$/u
const SET_OFF = /^[*_]{0,3}\s*(?:[.:–—)(]|$)/u
/** The end of the word, and no number behind it. */
const SPACED = /^(?![^\p{L}\p{N}]{0,3}\p{N})[^\p{L}\p{M}]|^$/u
/** The signs before a quoted line of Markdown. */
const QUOTED = /(?:^|[\r\n])[\s>]*$/
/** Tags between the start of a heading of HTML and its text. */
const TAGS = /^(?:\s*<[^<>]*>)*\s*$/
/** Elements of HTML at the beginning of a paragraph or of a heading. */
const BLOCK = /<(?:p|h[1-6]|div|li|t[dh]|d[td]|b|strong|center|br|article|section)\b[^<>]*>\s*$/i

/** Finds such lines. `isGuess`: the text is cut at its chapters, so that words of all units count. */
export function findUnknownNumbers(
  bytes: Uint8Array,
  boundaries: Boundary[],
  placed: PlacedRecord[],
  profile: Profile,
  isGuess: boolean,
): Problem[] {
  // Where the source says the numbers, the words say nothing.
  if (boundaries.some(({ heading }) => heading.element !== undefined)) return []
  const places = isGuess ? placesOfUnits(bytes, profile) : placesOfOwnWords(bytes, placed, profile)
  const read = readPlaces(bytes, boundaries, profile)
  const late = lateBeginning(placed, profile)
  const found = new Map<number, Problem>()
  for (const { at, word } of places) {
    const start = startOfLine(bytes, at)
    // Most places are those of headings that were read, or are in long lines.
    if (start === null || found.has(start) || read(start, at)) continue
    const line = { start, at, behind: at + Buffer.byteLength(word), isLate: at < late }
    const text = readHeadingLine(bytes, line)
    if (text === null) continue
    const placedAt = placed[indexAt(placed, start, ({ record }) => record.start)]
    if (placedAt === undefined) continue
    const { address, start: from } = placedAt.record
    const where = address === null ? 'outside of units' : `in the text of ${address}`
    const message = `"${text}" reads like a heading and stands ${where}: no number is read in the words before "${word}"`
    const below = positionOf(bytes.subarray(from), start - from).line - 1
    found.set(
      start,
      createProblem('HEADING_SUSPECTED', message, { line: placedAt.line + below, column: 1, start }),
    )
    if (found.size === MOST) break
  }
  return [...found.values()]
}

interface WordPlace {
  /** Offset of the word. */
  at: number
  word: string
}

/** All places of the words of the text's own headings, in any case of their letters. */
function* placesOfOwnWords(
  bytes: Uint8Array,
  placed: PlacedRecord[],
  profile: Profile,
): Generator<WordPlace> {
  const source = asBuffer(bytes)
  for (const word of ownWords(placed, profile)) {
    const needle = Buffer.from(word)
    for (let at = source.indexOf(needle); at >= 0; at = source.indexOf(needle, at + needle.length))
      yield { at, word }
  }
}

function ownWords(placed: PlacedRecord[], profile: Profile): Set<string> {
  const headings = new Map<string, string[]>()
  for (const { record } of placed) {
    if (record.kind === 'other' || record.number === null || record.heading === null) continue
    const known = headings.get(record.level!) ?? []
    headings.set(record.level!, known)
    if (known.length < ASKED) known.push(record.heading)
  }
  const words = new Set<string>()
  for (const [name, some] of headings) {
    const level = profile.levels.find((each) => each.name === name)
    if (level?.role !== 'leaf') continue
    const forms = wordsOfForms(level)
    const own = new Set(some.flatMap((heading) => heading.normalize('NFC').match(LETTERS) ?? []))
    const known = [...own].filter((word) => forms.has(foldWords(word)))
    // "§" has no letters, and may be written as a word elsewhere in the text.
    const isSign = known.length === 0 && some.some((heading) => heading.includes('§'))
    for (const word of isSign ? forms.values() : known) {
      if (WITHOUT_SPACES.test(word)) continue
      const small = word.toLowerCase()
      const [first = '', ...others] = small
      for (const written of [word, small, first.toUpperCase() + others.join(''), small.toUpperCase()])
        words.add(written)
    }
  }
  return words
}

/** The words of a level's forms, by these words folded. */
export function wordsOfForms(level: Level): Map<string, string> {
  const known = formWords.get(level)
  if (known !== undefined) return known
  // The longest word of a form is that of the heading: "Ibara ya".
  const words = level.headings.flatMap((form) => {
    const all = form.replace('{n}', ' ').match(LETTERS) ?? []
    return all.length === 0 ? [] : [all.reduce((one, other) => (other.length > one.length ? other : one))]
  })
  const folded = new Map(words.map((word) => [foldWords(word), word]))
  formWords.set(level, folded)
  return folded
}

const formWords = new WeakMap<Level, Map<string, string>>()

/** The places in short lines of the words of any unit. */
function placesOfUnits(bytes: Uint8Array, { levels }: Profile): WordPlace[] {
  const forms = levels.flatMap((level) => (level.role === 'leaf' ? [...wordsOfForms(level).keys()] : []))
  const known = new Set(forms)
  const places: WordPlace[] = []
  eachLine(bytes, ({ start, end }) => {
    if (end - start > LONGEST_LINE) return undefined
    const text = textOf(bytes, start, end)
    for (const { 0: word, index } of text.matchAll(LETTERS))
      if (index > 0 && known.has(foldWords(word)) && !WITHOUT_SPACES.test(word))
        places.push({ at: start + Buffer.byteLength(text.slice(0, index)), word })
    return places.length > MOST ? 'stop' : undefined
  })
  return places
}

/** The first number of units, if it is not 1: its offset. Otherwise 0. */
function lateBeginning(placed: PlacedRecord[], { levels }: Profile): number {
  const leaves = new Set(levels.flatMap(({ name, role }) => (role === 'leaf' ? [name] : [])))
  const first = placed.find(({ record: { level, number } }) => number !== null && leaves.has(level ?? ''))
  return first === undefined || Number.parseInt(first.record.number!, 10) <= 1 ? 0 : first.record.start
}

/** Whether a line ends at a byte. A tag of HTML ends it too, which other texts may have as well. */
const isLineEnd = (byte: number, tag: number) => byte === 0x0a || byte === 0x0d || byte === tag

/** Returns the start of the line of a word, or null if the word begins it or stands far behind its beginning. */
function startOfLine(bytes: Uint8Array, at: number): number | null {
  let start = at
  while (start > 0 && !isLineEnd(bytes[start - 1]!, 0x3e)) if (at - --start > LONGEST_BEGINNING) return null
  return at - start < 2 ? null : start
}

/** A line by offsets: its start, and start and end of the word in it. */
interface WordLine {
  start: number
  at: number
  behind: number
  /** Whether it stands before a late first number, where no sign has to end the words. */
  isLate: boolean
}

/** Returns the text of a line that reads like a heading: words of a number, and the word that ends them. */
function readHeadingLine(bytes: Uint8Array, { start, at, behind, isLate }: WordLine): string | null {
  let end = behind
  while (end < bytes.length && end - start <= LONGEST_LINE && !isLineEnd(bytes[end]!, 0x3c)) end += 1
  const number = NUMBER.exec(textOf(bytes, start, at))?.[1]
  if (number === undefined || number.split(/[\s-]/).some((word) => IN_SENTENCES.has(word.toLowerCase())))
    return null
  if (!(isLate ? SPACED : SET_OFF).test(textOf(bytes, behind, end)) || !mayBegin(bytes, start)) return null
  return textOf(bytes, start, Math.min(end, start + LONGEST_BEGINNING)).trim()
}

/** Whether a heading may begin behind what stands before the line. */
function mayBegin(bytes: Uint8Array, start: number): boolean {
  const before = textOf(bytes, Math.max(0, start - LONGEST_LINE), start)
  if (/>\s*$/.test(before)) return BLOCK.test(before) || QUOTED.test(before)
  const last = before
    .replace(/\r?\n$|\r$/, '')
    .split(/[\r\n]/)
    .at(-1)!
  const from = start - Buffer.byteLength(last) - 1
  return last.trim().length <= LONGEST_TITLE || classifyLineEnd(bytes, Math.max(0, from), start) !== 'text'
}

/** Returns a test of whether the line that begins at `start` belongs to a heading that was read. */
function readPlaces(
  bytes: Uint8Array,
  boundaries: Boundary[],
  profile: Profile,
): (start: number, at: number) => boolean {
  const read = boundaries.filter(
    ({ heading, level, isTitle }) =>
      heading.number !== null || isTitle || level.name !== profile.unnamed.name,
  )
  return (start, at) => {
    const heading = read[indexAt(read, at, (each) => each.heading.start)]?.heading
    if (heading === undefined) return false
    if (heading.start >= start || at < heading.after) return true
    return start - heading.start < LONGEST_LINE && TAGS.test(textOf(bytes, heading.start, start))
  }
}

/** Returns the index of the last item that begins at or before a place, or -1. */
function indexAt<Item>(items: Item[], place: number, startOf: (item: Item) => number): number {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (startOf(items[middle]!) <= place) low = middle + 1
    else high = middle
  }
  return low - 1
}
