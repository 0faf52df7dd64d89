/** How a text is quoted on a page that is not its own: its words are complete, and marks of headings are no words. */

/** The longest part of a word that is left out so that no word is cut. Scripts without blanks are cut between signs. */
const LONGEST_REST = 20

/** The first signs of a text, up to the end of a word. */
export function firstSigns(signs: string[], most: number): string {
  const kept = signs.slice(0, most).join('')
  if (signs.length <= most || signs[most] === ' ') return kept
  return kept.replace(/(?<=\S) (\S*)$/u, (rest, word: string) => (isRest(word) ? '' : rest))
}

/** The last signs of a text, from the beginning of a word. */
export function lastSigns(signs: string[], most: number): string {
  const kept = signs.slice(-most).join('')
  if (signs.length <= most || signs.at(-most - 1) === ' ') return kept
  return kept.replace(/^(\S*) (?=\S)/u, (rest, word: string) => (isRest(word) ? '' : rest))
}

const isRest = (word: string) => [...word].length <= LONGEST_REST

const MARK = /(^|\n)([ \t]*)#{1,6}[ \t]+(?=\S)/gu
const MARK_AFTER_WORDS = /(\n)([ \t]*)#{1,6}[ \t]+(?=\S)/gu

/** A text without the marks of Markdown headings. @param isStart whether the text begins at the beginning of a line */
export const withoutHeadingMarks = (text: string, isStart = true) =>
  text.replace(isStart ? MARK : MARK_AFTER_WORDS, '$1$2')
