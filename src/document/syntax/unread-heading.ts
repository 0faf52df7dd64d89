import type { Level } from '../profiles/profile.ts'
import { foldWords } from '../structure/headings/fold-words.ts'
import type { Lexicon } from '../structure/headings/lexicon.ts'
import { IN_SENTENCES } from '../structure/headings/words-in-sentences.ts'
import type { PrecedingText } from './run-in-headings.ts'

/** A line that begins with the words of a heading, without a number that was read. */
interface UnreadHeading {
  level: Level
  /** Whether it has the shape of a heading. */
  isLikely: boolean
}

/** Most words of a form, and most words between which a form's word is looked for. */
const MOST_WORDS = 5
/** Longest line, in signs, that is likely to be a heading without a sign behind its number. */
const LONGEST = 70
/** A heading's words, number and the sign behind it are found within this many signs. */
const LONGEST_READ = 160
/** Most signs between the two parts of a form such as "第{n}条". */
const LONGEST_BETWEEN = 16

/** Reads the words of a line that no form fits. Returns null for a line that begins with no words of a form. */
export function findUnreadHeading(
  text: string,
  { before, isOwnLine }: { before: PrecedingText; isOwnLine: boolean },
  lexicon: Lexicon,
): UnreadHeading | null {
  const isShort = isOwnLine && text.length <= LONGEST
  // Most lines that begin with a number are sentences or items of lists.
  if (!isShort && /^\p{N}/u.test(text)) return null
  const found = findWords(text.slice(0, LONGEST_READ), lexicon)
  if (found === null) return null
  const { level, number, rest, isAround } = found
  if (isAround === true)
    return {
      level,
      isLikely: /[\p{N}〇一二三四五六七八九十百千]/u.test(number!) && /^(?:$|[\s:：(（【])/u.test(rest),
    }
  const place = { before, isOwnLine, isShort }
  return {
    level,
    isLikely: number === null ? isLikely(rest, place) : isLikelyBehind(number.trim(), rest, place),
  }
}

/** What stands behind the words of the form (`rest`), or before and between them (`number`). */
interface FoundWords {
  level: Level
  number: string | null
  rest: string
  /** Whether the form has words on both sides. */
  isAround?: boolean
}

function findWords(text: string, { words, behind, around }: Lexicon): FoundWords | null {
  const first = [...text.matchAll(/[\p{L}\p{M}'’§]+/gu)].slice(0, MOST_WORDS + 1)
  for (let count = Math.min(first.length, 4); count > 0 && first[0]!.index === 0; count--) {
    const end = first[count - 1]!.index + first[count - 1]![0].length
    const level = words.get(foldWords(text.slice(0, end)))
    if (level !== undefined && isCut(level)) return { level, number: null, rest: text.slice(end).trim() }
  }
  for (const form of around) {
    if (!text.startsWith(form.before) || !isCut(form.level)) continue
    const at = text.indexOf(form.after, form.before.length)
    if (at < 0 || at - form.before.length > LONGEST_BETWEEN) continue
    const number = text.slice(form.before.length, at)
    return { level: form.level, number, rest: text.slice(at + form.after.length), isAround: true }
  }
  for (const { 0: word, index } of first.slice(index0(first))) {
    const level = behind.get(foldWords(word))
    if (level !== undefined && isCut(level))
      return { level, number: text.slice(0, index), rest: text.slice(index + word.length) }
  }
  return null
}

const index0 = (first: RegExpExecArray[]) => (first[0]?.index === 0 ? 1 : 0)

const isCut = ({ role }: Level) =>
  role === 'leaf' || role === 'container' || role === 'branch' || role === 'unit'

/** A number of few signs or words stands before the word, and a sign or nothing behind it. */
function isLikelyBehind(
  number: string,
  rest: string,
  { before, isShort }: { before: PrecedingText; isShort: boolean },
): boolean {
  if (before === 'text' || !isShort || !/^\s*(?:$|[.:–—(（　])/u.test(rest)) return false
  return (
    /^\p{N}[^\s,]{0,6}(?:\s[^\s,]{1,2})?$/u.test(number) ||
    /^[\p{L}\p{M}]+(?:[\s-][\p{L}\p{M}]+){0,2}$/u.test(number)
  )
}

/** A digit follows, or few words that a sign or the end of the line closes. */
function isLikely(
  rest: string,
  { before, isOwnLine, isShort }: { before: PrecedingText; isOwnLine: boolean; isShort: boolean },
): boolean {
  if (/^[^\p{L}\p{N}]{0,3}\p{N}/u.test(rest))
    return before !== 'text' || (isOwnLine && rest.split(/\s+/).length <= 3 && !/[.,;]$/.test(rest))
  if (before === 'text') return false
  // The number may stand on the next line.
  if (rest === '') return isOwnLine && before === 'break'
  const opening = /^[\p{L}\p{M}]+/u.exec(rest)?.[0] ?? ''
  if (IN_SENTENCES.has(opening.toLowerCase())) return false
  const closed = /^([^.:–—)\]।：。]{1,50}?)\s?(?:[.:–—)\]।：。]|$)/u.exec(rest)?.[1]
  const count = closed?.trim().split(/\s+/).length ?? MOST_WORDS + 1
  if (count <= MOST_WORDS && (closed!.length < rest.length || isShort)) return !/[,;]$/.test(closed!)
  return isShort && rest.split(/\s+/).length <= MOST_WORDS && !/[,;]$/.test(rest)
}
