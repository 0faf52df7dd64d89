import type { Profile } from '../../profiles/profile.ts'
import { textOf } from '../../syntax/lines.ts'
import { cleanHeading } from './clean-heading.ts'

/** A status in a heading's text, such as "repealed". It is never part of the address, so the unit keeps its identity. */
export interface StatusMark {
  status: string
  /** With the words that were found. */
  excludedBecause: string | null
  /** The text without the mark. */
  without: string
}

const FIRST_BRACKETS = /^[\s.:–—-]*[([<〈【〔（［]([^()[\]<>〈〉【】〔〕（）［］]{1,200})[)\]>〉】〕）］]/u
const LAST_BRACKETS = /[([<〈【〔（［]([^()[\]<>〈〉【】〔〕（）［］]{1,200})[)\]>〉】〕）］]\s*[.。]?$/u

/** Maximum length of a text that is a status: "Repealed by section 5 of the Act of 2001." */
const LONGEST_STATUS = 240

/**
 * Finds a status mark of the profile in the text behind a heading's number: in brackets at its beginning or end, "(repealed by Act
 * 5)", or as all of it: "Repealed.", "Repealed. - Act 5 of 2001".
 */
export function findStatusMark(rest: string, profile: Profile): StatusMark | null {
  const text = rest.trim()
  if (text === '') return null
  const words = markWordsOf(profile)
  for (const pattern of [LAST_BRACKETS, FIRST_BRACKETS]) {
    const brackets = pattern.exec(text)
    if (brackets === null) continue
    const found = words.find(({ word }) => startsWithWord(foldCase(brackets[1]!.trim()), word))
    const without =
      `${text.slice(0, brackets.index)} ${text.slice(brackets.index + brackets[0].length)}`.trim()
    if (found !== undefined) return markOf(found, brackets[1]!.trim(), without)
  }
  const bare = text.replace(/^[\s.:·–—-]+/u, '')
  if (bare.length > LONGEST_STATUS) return null
  const folded = foldCase(bare)
  const found = words.find(
    ({ word }) => startsWithWord(folded, word) && endsAStatus(bare.slice(word.length), profile),
  )
  return found === undefined ? null : markOf(found, bare, '')
}

/** The mark of a heading that is struck out. Its text is kept. */
export function struckOutMark(rest: string, profile: Profile): StatusMark | null {
  const found = markWordsOf(profile).find(({ status }) => status === 'repealed')
  return found === undefined ? null : markOf(found, 'struck out', rest)
}

function markOf({ status, excludedBecause }: MarkWord, words: string, without: string): StatusMark {
  return {
    status,
    excludedBecause: excludedBecause === null ? null : `${excludedBecause}: ${words}`,
    without,
  }
}

/** "Repealed by", "Repealed.", "Repealed (1999)", but not "Repealed laws". */
function endsAStatus(after: string, { statusFollowers = [] }: Profile): boolean {
  if (/^\s*(?:$|[.,;:()[\]<>〈【（［\p{Nd}–—-])/u.test(after)) return true
  const next = /^\s+([\p{L}\p{M}]+)/u.exec(after)?.[1]
  return next !== undefined && statusFollowers.includes(next.toLowerCase())
}

interface MarkWord {
  word: string
  status: string
  excludedBecause: string | null
}

const known = new WeakMap<Profile, MarkWord[]>()

function markWordsOf(profile: Profile): MarkWord[] {
  const found = known.get(profile)
  if (found !== undefined) return found
  const words = profile.statusMarks.flatMap(({ words, status, excludedBecause }) =>
    words.map((each) => ({ word: foldCase(each), status, excludedBecause })),
  )
  known.set(profile, words)
  return words
}

/** In small letters, of the same length as the text in nearly all cases. */
const foldCase = (text: string) => text.normalize('NFC').toLowerCase().replaceAll('i\u0307', 'i')

function startsWithWord(text: string, word: string): boolean {
  return text.startsWith(word) && !/^[\p{L}\p{M}]/u.test(text.slice(word.length))
}

/** Maximum length in bytes of a unit whose text is only its status. */
const LONGEST_STATUS_TEXT = 600

/**
 * Finds the status mark of a unit whose text behind its heading is a status and nothing else: "(Repealed)", "*bãi bỏ*". `heading` is
 * the heading's text and `after` the end of its lines.
 */
export function findBodyStatusMark(
  bytes: Uint8Array,
  { start, after, text: heading }: { start: number; after: number; text: string },
  end: number,
  profile: Profile,
): StatusMark | null {
  if (end - start > LONGEST_STATUS_TEXT) return null
  const { text: clean } = cleanHeading(textOf(bytes, Math.max(start, after), end))
  const words = cleanHeading(heading).text
  const body = after === start && clean.startsWith(words) ? clean.slice(words.length).trim() : clean
  const mark = body === '' ? null : findStatusMark(body, profile)
  return mark === null || mark.without.replace(/[\s\p{P}]/gu, '') !== '' ? null : mark
}
