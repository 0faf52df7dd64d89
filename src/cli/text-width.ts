import { eastAsianWidth } from 'get-east-asian-width'

/** Letters of which a terminal shows one column each. */
const NARROW = /^[\x20-\x7e\u00a0-\u02ff]*$/
/** Marks that stand on the letter before them. */
const MARK = /^[\p{Mn}\p{Me}\p{Cf}]$/u

/** The number of columns that a visible text takes on a terminal. Letters of Chinese, Japanese and Korean take two (Unicode TR 11). */
export function widthOf(text: string): number {
  if (NARROW.test(text)) return text.length
  let width = 0
  for (const sign of text) width += widthOfSign(sign)
  return width
}

const widthOfSign = (sign: string) => (MARK.test(sign) ? 0 : eastAsianWidth(sign.codePointAt(0)!))

/** The text with blanks up to a width. */
export const padTo = (text: string, width: number) => text + ' '.repeat(Math.max(0, width - widthOf(text)))

/** The text, cut with `…` where it is wider than a width. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  return `${headOf(text, width - 1).trimEnd()}…`
}

/** The longest beginning that is at most so wide. */
function headOf(text: string, width: number): string {
  let used = 0
  let end = 0
  for (const sign of text) {
    used += widthOfSign(sign)
    if (used > width) break
    end += sign.length
  }
  return text.slice(0, end)
}

/**
 * Where a text is broken into lines of at most a width: between words, or within a word that is longer than a line. The blanks at which it is
 * broken belong to no line.
 */
export function breaksOf(text: string, width: number): { from: number; to: number }[] {
  const lines: { from: number; to: number }[] = []
  for (let from = 0; from < text.length; ) {
    // A letter of two columns may be wider than the line.
    const head = headOf(text.slice(from), width) || String.fromCodePoint(text.codePointAt(from)!)
    const blank = text.lastIndexOf(' ', from + head.length)
    const isComplete = from + head.length === text.length
    const to = isComplete || blank <= from ? from + head.length : blank
    lines.push({ from, to })
    for (from = to; text[from] === ' '; ) from += 1
  }
  return lines.length === 0 ? [{ from: 0, to: 0 }] : lines
}
