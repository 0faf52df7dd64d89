import { textOf } from '../syntax/lines.ts'

// Text behind a heading of a chapter, before the first article, or behind the last one: a title on a line of its own belongs to the
// heading, a sentence is text of its own.

/** Longest paragraph, in signs, that may be a title. */
const LONGEST_TITLE = 200
/** A text is judged by its first bytes. */
const READ_BYTES = 20_000

/** A blank line, or a paragraph of HTML. */
const BREAK = /(?:\r\n|\r|\n)[ \t\f]*(?:\r\n|\r|\n)|(?=<p[\s>])/gi
/** What no reader of the page sees. */
const UNSEEN = /<(head|script|style|nav)\b|<!--/gi
const ENDS = /[.;:!?,。；：，！？…؟۔।”"»)）]['"”»*_]*$/u
/** Scripts that write words without spaces. */
const WITHOUT_SPACES =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Javanese}\p{sc=Tibetan}]/gu

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
  const seen = withoutUnseen(text)
  let from = 0
  for (const blank of [...seen.matchAll(BREAK), null]) {
    const to = blank === null ? seen.length : blank.index + blank[0].length
    const paragraph = seen.slice(from, to)
    if (isSentence(paragraph, fewestWords)) {
      const blank = /^(?:[^\S\r\n]*(?:\r\n|\r|\n))*/.exec(paragraph)![0].length
      return start + Buffer.byteLength(text.slice(0, from + blank))
    }
    from = to
  }
  return null
}

/** Puts spaces in the place of comments and of elements that no reader of the page sees. */
function withoutUnseen(text: string): string {
  let seen = ''
  let from = 0
  for (const { index, 0: opening, 1: name } of text.matchAll(UNSEEN)) {
    if (index < from) continue
    const closing = name === undefined ? '-->' : `</${name}>`
    const at = text.indexOf(closing, index + opening.length)
    if (at < 0) break
    seen += text.slice(from, index) + ' '.repeat(at + closing.length - index)
    from = at + closing.length
  }
  return seen + text.slice(from)
}

/** Whether a paragraph is a sentence: it ends like one and has some words, or it is too long for a title. */
export function isSentence(paragraph: string, fewestWords: number): boolean {
  const text = paragraph.replace(/<[^<>]*>|[*_`#>|]/g, '').trim()
  // A line of a table of contents ends in a number, or has leaders.
  if (text === '' || /(?:\.\s?){4,}|\t\s*\p{Nd}+$/u.test(text)) return false
  const signs = text.match(WITHOUT_SPACES)?.length ?? 0
  const hasWords = text.split(/\s+/, fewestWords).length >= fewestWords || signs >= 8
  if (text.length > LONGEST_TITLE) return hasWords && !isList(text)
  return ENDS.test(text) && (text === text.toUpperCase() ? signs > 12 : hasWords)
}

const FEWEST_LINES = 4
/** Share of the lines of a list of titles that begin like one. */
const TITLES = 0.8

/** Whether each line is a title, as in a table of contents: it begins with a capital or a number and does not end like a sentence. */
function isList(text: string): boolean {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '')
  const titles = lines.filter((line) => /^\s*[\p{Lu}\p{N}]/u.test(line) && !/[.;:!?,]\s*$/.test(line))
  return lines.length >= FEWEST_LINES && titles.length >= lines.length * TITLES
}
