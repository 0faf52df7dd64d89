import type { Heading } from '../structure/headings/heading-match.ts'
import { type Lexicon, mayBeForm, readHeading } from '../structure/headings/read-heading.ts'
import { type Line, textOf } from './lines.ts'

/** What a line leaves for the next one: whether a new paragraph may begin there. */
export type PrecedingText = 'break' | 'sentence-end' | 'text'

/** The number and its words stand within so many bytes. */
const RUN_IN_BYTES = 240

/**
 * A paragraph of any length that begins with its number: "Article 5. Everyone has …", "第五条　国民は…", "제5조(목적) 이 법은 …".
 * Its heading is what says the number; a sentence is no title. "Article 5 of the Act applies" is no run-in: behind the number
 * there has to be a sign that ends it.
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
  const said = text.slice(0, text.length - rest.length)
  if (!isSetOff(said, rest, before)) return null
  return {
    ...{
      line: line.number,
      start: line.start,
      depth: 1,
      text: said.trim(),
      normalised: raw === raw.normalize('NFC'),
    },
    ...{ level: level.name, number, letter, words: '', mark: null },
  }
}

/** The end of the line, or a place before it that cuts no character apart. */
function characterStart(bytes: Uint8Array, { start, end }: Line): number {
  let at = Math.min(end, start + RUN_IN_BYTES)
  while (at < end && (bytes[at]! & 0xc0) === 0x80) at -= 1
  return at
}

/** How a Korean sentence goes on that begins by naming an article: "제5조 제1항에 따라", "제5조 및 제6조". */
const KOREAN_REFERENCE = /^(?:제\s?\p{Nd}|및|또는|내지|부터|까지|중|등|각\s?호|본문|단서|전단|후단)/u

/**
 * A space ends a number in Chinese and Japanese, which write none elsewhere. In Korean brackets and circled numbers do so, and a
 * space where no reference goes on behind it: particles stand without one.
 */
function isSetOff(said: string, rest: string, before: PrecedingText): boolean {
  if (/^\p{sc=Han}/u.test(said)) return /\s$/.test(said)
  if (/^\p{sc=Hangul}/u.test(said)) {
    if (before === 'text') return false
    return /^[([（［【\u2460-\u2473]/u.test(rest) || (/\s$/.test(said) && !KOREAN_REFERENCE.test(rest))
  }
  return before !== 'text' && /^[.:)–—-]/.test(rest)
}

const SENTENCE_END = /[.;:!?。；：！？…”"»)）。]$/u
const ASCII_END = new Set([...'.;:!?")'].map((sign) => sign.charCodeAt(0)))

/** What a line of text that is no heading leaves for the next one. */
export function classifyLineEnd(bytes: Uint8Array, from: number, end: number): PrecedingText {
  let last = end - 1
  while (last > from && (bytes[last] === 0x20 || (bytes[last]! >= 0x09 && bytes[last]! <= 0x0d))) last -= 1
  if (bytes[last]! < 0x80) return ASCII_END.has(bytes[last]!) ? 'sentence-end' : 'text'
  const tail = textOf(bytes, Math.max(from, last - 11), last + 1).trimEnd()
  if (tail !== '') return SENTENCE_END.test(tail) ? 'sentence-end' : 'text'
  return 'break'
}
