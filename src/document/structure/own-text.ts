import { textOf } from '../syntax/lines.ts'

// Text behind a heading of a chapter, before the first article, or behind the last one: a title on a line of its own belongs to the
// heading, a sentence is text of its own.

/** Longest paragraph, in signs, that may be a title. */
const LONGEST_TITLE = 200
/** A text is judged by its first bytes. */
const READ_BYTES = 20_000

const BLANK_LINE = /(?:\r\n|\r|\n)[ \t\f]*(?:\r\n|\r|\n)/g
const ENDS = /[.;:!?,。；：，！？…؟۔।”"»)）]['"”»*_]*$/u
const HAN = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/gu

/** Whether a text from `start` to `end` is white space alone. */
export function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++)
    if (bytes[at]! > 0x20) return /^\s*$/u.test(textOf(bytes, at, Math.min(end, at + 200)))
  return true
}

/**
 * Returns the offset of the first paragraph between `start` and `end` that is a sentence and not a title, or null. A sentence has at least
 * `fewestWords`.
 */
export function findOwnText(bytes: Uint8Array, start: number, end: number, fewestWords = 5): number | null {
  if (isBlank(bytes, start, end)) return null
  const text = textOf(bytes, start, Math.min(end, start + READ_BYTES))
  let from = 0
  for (const blank of [...text.matchAll(BLANK_LINE), null]) {
    const to = blank === null ? text.length : blank.index + blank[0].length
    if (isSentence(text.slice(from, to), fewestWords)) return start + Buffer.byteLength(text.slice(0, from))
    from = to
  }
  return null
}

/** Whether a paragraph is a sentence: it ends like one and has some words, or it is too long for a title. */
function isSentence(paragraph: string, fewestWords: number): boolean {
  const text = paragraph.replace(/<[^<>]*>|[*_`#>|]/g, '').trim()
  // A line of a table of contents ends in a number, or has leaders.
  if (text === '' || /(?:\.\s?){4,}|\t\s*\p{Nd}+$/u.test(text)) return false
  if (text.length > LONGEST_TITLE) return true
  if (!ENDS.test(text) || text === text.toUpperCase())
    return (text.match(HAN)?.length ?? 0) > 12 && ENDS.test(text)
  return text.split(/\s+/).length >= fewestWords || (text.match(HAN)?.length ?? 0) >= 8
}
