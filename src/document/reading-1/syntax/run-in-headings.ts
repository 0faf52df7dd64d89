import { type Line, textOf } from '../../syntax/lines.ts'
import type { Heading } from '../structure/headings/heading-match.ts'
import { type Lexicon, mayBeForm } from '../structure/headings/lexicon.ts'
import { readHeading } from '../structure/headings/read-heading.ts'

/** The text before a line: whether a new paragraph may begin at the line. */
export type PrecedingText = 'break' | 'sentence-end' | 'text'

/** The number and its words are expected within this many bytes. */
const RUN_IN_BYTES = 240

/**
 * Finds the heading of a paragraph that begins with its number: "Article 5. Everyone has …", "第五条　国民は…", "제5조(목적) 이 법은 …".
 * The heading is the number with its words, because a sentence is not a title. "Article 5 of the Act applies" is not a run-in: a
 * sign has to end the number.
 */
export function findRunInHeading(
  bytes: Uint8Array,
  line: Line,
  before: PrecedingText,
  lexicon: Lexicon,
): Heading | null {
  const raw = textOf(bytes, line.start, characterStart(bytes, line)).trim()
  if (!mayBeForm(raw, lexicon) || /^\p{Ll}/u.test(raw)) return null
  const text = raw.normalize('NFC').replace(/\s+/gu, ' ')
  const { level, number, letter, rest } = readHeading(text, lexicon)
  if (level === null || number === null || rest === '' || !text.endsWith(rest)) return null
  const numbered = text.slice(0, text.length - rest.length)
  if (!isSetOff(numbered, rest, before)) return null
  return {
    line: line.number,
    start: line.start,
    depth: 1,
    text: numbered.trim(),
    normalised: raw === raw.normalize('NFC'),
    level: level.name,
    number,
    letter,
    words: '',
    mark: null,
  }
}

/** Returns the end of the line, or a place before it that does not split a character. */
function characterStart(bytes: Uint8Array, { start, end }: Line): number {
  let at = Math.min(end, start + RUN_IN_BYTES)
  while (at < end && (bytes[at]! & 0xc0) === 0x80) at -= 1
  return at
}

/** Continuations of a Korean sentence that begins with a reference to an article: "제5조 제1항에 따라", "제5조 및 제6조". */
const KOREAN_REFERENCE = /^(?:제\s?\p{Nd}|및|또는|내지|부터|까지|중|등|각\s?호|본문|단서|전단|후단)/u

/**
 * Tests whether a sign ends the number. In Chinese and Japanese that is a space, because they write no other spaces. In Korean it
 * is a bracket, a circled number, or a space without a reference behind it, because particles are written without a space.
 */
function isSetOff(numbered: string, rest: string, before: PrecedingText): boolean {
  if (/^\p{sc=Han}/u.test(numbered)) return /\s$/.test(numbered)
  if (/^\p{sc=Hangul}/u.test(numbered)) {
    if (before === 'text') return false
    return /^[([（［【\u2460-\u2473]/u.test(rest) || (/\s$/.test(numbered) && !KOREAN_REFERENCE.test(rest))
  }
  return before !== 'text' && /^[.:)–—-]/.test(rest)
}

const SENTENCE_END = /[.;:!?。；：！？…”"»)）。]$/u
const ASCII_END = new Set([...'.;:!?")'].map((sign) => sign.charCodeAt(0)))

/** Classifies the end of a line of text for the line behind it. */
export function classifyLineEnd(bytes: Uint8Array, from: number, end: number): PrecedingText {
  let last = end - 1
  while (last > from && (bytes[last] === 0x20 || (bytes[last]! >= 0x09 && bytes[last]! <= 0x0d))) last -= 1
  if (bytes[last]! < 0x80) return ASCII_END.has(bytes[last]!) ? 'sentence-end' : 'text'
  const tail = textOf(bytes, Math.max(from, last - 11), last + 1).trimEnd()
  if (tail !== '') return SENTENCE_END.test(tail) ? 'sentence-end' : 'text'
  return 'break'
}
