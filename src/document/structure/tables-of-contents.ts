import { textOf } from '../syntax/lines.ts'
import type { Doubt, Heading } from './headings/heading-match.ts'
import { isBlank } from './own-text.ts'

// A table of contents has the headings of the text before the text itself. Its lines are no headings: nothing of them is lost, because
// each of them stands again.

/** The signs before the number of a page, with that number. */
const PAGE = /[\s.…·_\p{Pd}]*\p{Nd}{1,4}$/u
/** A title on the line below its heading is read within this many bytes. */
const READ_BYTES = 400
/** One line of that form may be a citation. */
const FEWEST_ENTRIES = 2

const fold = (words: string) =>
  words
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}§]+/gu, ' ')
    .trim()

const keyOf = ({ level, number }: Pick<Heading, 'level' | 'number'>) => `${level} ${number}`

/** Removes the entries of a table of contents: headings without text that all stand again, in their order and with their words. */
export function withoutContents(bytes: Uint8Array, headings: Heading[]): Heading[] {
  const numbered = headings.filter(({ level, number }) => level !== null && number !== null)
  const first = numbered[0]
  if (first === undefined) return headings
  const length = numbered.findIndex((each, i) => i > 0 && keyOf(each) === keyOf(first))
  if (length < FEWEST_ENTRIES) return headings
  const entries = numbered.slice(0, length)
  const isList = entries.every(
    ({ after, start }, i) =>
      after > start && (i === length - 1 || isBlank(bytes, after, entries[i + 1]!.start)),
  )
  if (!isList || !standAgain(bytes, entries, numbered.slice(length))) return headings
  const removed = new Set(entries)
  return headings.filter((heading) => !removed.has(heading))
}

function standAgain(bytes: Uint8Array, entries: Heading[], later: Heading[]): boolean {
  let from = 0
  return entries.every((entry) => {
    const at = later.findIndex((each, i) => i >= from && keyOf(each) === keyOf(entry))
    if (at < 0) return false
    from = at + 1
    return sameWords(bytes, entry, later[at]!)
  })
}

/** Whether an entry has the words of a heading, or of the line below it, with or without the number of a page. */
function sameWords(bytes: Uint8Array, entry: Heading, heading: Heading): boolean {
  const below = () => {
    const text = textOf(bytes, heading.after, Math.min(bytes.length, heading.after + READ_BYTES))
    return text.trimStart().split(/[\r\n]/, 1)[0]!
  }
  const words = [entry.words, entry.words.replace(PAGE, '')].map(fold)
  const titles = heading.words === '' ? ['', below()] : [heading.words]
  return titles.some((title) => words.includes(fold(title)))
}

/** Removes doubts of entries in a table of contents before the first heading: at least two that stand again with all their words. */
export function withoutContentsDoubts(doubts: Doubt[], headings: Heading[]): Doubt[] {
  if (doubts.length < FEWEST_ENTRIES) return doubts
  const first = headings.find(({ number }) => number !== null)?.start ?? 0
  const titles = new Set(headings.map(({ text }) => fold(text)))
  const isEntry = ({ start, text }: Doubt) =>
    start < first && (titles.has(fold(text)) || titles.has(fold(text.replace(PAGE, ''))))
  return doubts.filter(isEntry).length < FEWEST_ENTRIES ? doubts : doubts.filter((each) => !isEntry(each))
}
