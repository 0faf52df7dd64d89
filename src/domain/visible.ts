/**
 * The one way of text that others wrote (names, reasons, messages of databases and hosts, headings, files) onto a line for people. The
 * result is always one line, it holds no character that a terminal obeys, and none that hides or reorders other characters.
 */

/** Spells a character: `\n`, or `\u{200b}` by default. */
type Spelling = (codePoint: number, sign: string) => string

/**
 * Controls (C0, DEL, C1), line and paragraph separators, bidi and other format characters, everything that Unicode lists as
 * Default_Ignorable_Code_Point (UAX #44), the blank Braille pattern, private use, and halves of surrogate pairs.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu

/** Texts of printable ASCII alone. */
const PRINTABLE = /^[\x20-\x7e]*$/

/** Where ZERO WIDTH JOINER and NON-JOINER shape letters, as in Persian and in the scripts of India (RFC 5892, appendix A.1 and A.2). */
const SHAPING =
  /(?<=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Nko}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}])[\u200c\u200d](?=[\p{L}\p{M}])/gu

const SHORT: { [sign: string]: string } = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const spellForLine: Spelling = (codePoint, sign) => SHORT[sign] ?? `\\u{${codePoint.toString(16)}}`

/** Text of others as part of one line: newlines, controls, bidi and zero-width characters are spelled, such as `\n` and `\u{200b}`. */
export function visible(text: string, spell: Spelling = spellForLine): string {
  // Most texts have nothing to spell, and V8 takes milliseconds to make sense of the classes of Unicode.
  if (PRINTABLE.test(text) || text.search(HIDDEN) === -1) return text
  const kept = new Set([...text.matchAll(SHAPING)].map(({ index }) => index))
  return text.replace(HIDDEN, (sign, at: number) => (kept.has(at) ? sign : spell(sign.codePointAt(0)!, sign)))
}

/** A text of several lines, such as a plan or a profile: its own line ends stay, and everything else is as `visible` shows it. */
export function visibleLines(text: string): string[] {
  return text.split(/\r?\n/).map((line) => visible(line))
}

/** Longer names are cut. */
export const LONGEST_NAME = 80

/**
 * A name that others gave, within a sentence of ours. One word stands as it is. Anything else is in quotes, its runs of blanks are counted and its
 * end is cut, so that a name can neither continue our sentence nor fill a line and begin the next one on a terminal that wraps.
 */
export function nameInLine(name: string): string {
  const shown = visible(name)
  if (/^[^\s"]+$/u.test(shown) && shown.length <= LONGEST_NAME) return shown
  return JSON.stringify(cutAt(LONGEST_NAME, blanksCounted(shown, 2)))
}

/** Longer values are cut. */
export const LONGEST_TEXT = 300

/** A value that others gave, at the end of a line of ours: its runs of blanks are counted, and its end is cut. */
export const textInLine = (text: string): string => cutAt(LONGEST_TEXT, blanksCounted(visible(text)))

/** Counts runs of blanks, with which a text could fill a line and begin the next one on a terminal that wraps. */
export const blanksCounted = (text: string, from = 4): string =>
  text.replace(/\s{2,}/gu, (blanks) => (blanks.length < from ? blanks : `<${blanks.length} blanks>`))

/** A text of at most so many characters, with the number of all where it is cut. */
export function cutAt(longest: number, text: string): string {
  const signs = [...text]
  return signs.length > longest ? `${signs.slice(0, longest).join('')}… (${signs.length} characters)` : text
}
