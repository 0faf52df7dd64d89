import type { Heading } from './found.ts'
import { type Lexicon, mayBeForm, readHeading } from './heading.ts'
import { type Line, textOf } from './lines.ts'
import type { Before } from './plain.ts'

/** The number and its words stand within so many bytes. */
const RUN_IN_BYTES = 240

/**
 * A paragraph of any length that begins with its number: "Article 5. Everyone has …", "第五条　国民は…", "제5조(목적) 이 법은 …".
 * Its heading is what says the number; a sentence is no title. "Article 5 of the Act applies" is no run-in: behind the number
 * there has to be a sign that ends it.
 */
export function runInHeading(
  bytes: Uint8Array,
  line: Line,
  before: Before,
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

/** A space ends a number in Chinese and Japanese, which write none elsewhere, and brackets do so in Korean. */
function isSetOff(said: string, rest: string, before: Before): boolean {
  if (/^\p{sc=Han}/u.test(said)) return /\s$/.test(said)
  if (/^\p{sc=Hangul}/u.test(said)) return before !== 'text' && rest.startsWith('(')
  return before !== 'text' && /^[.:)–—-]/.test(rest)
}
