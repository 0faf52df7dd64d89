import type { Profile } from '../../../profiles/profile.ts'
import { textOf } from '../../../syntax/lines.ts'

/** A status in a heading's text, such as "repealed". It is never part of the address, so the unit keeps its identity. */
export interface StatusMark {
  status: string
  excludedBecause: string | null
  /** The text without the mark. */
  without: string
}

const LAST_BRACKETS = /[([]([^()[\]]{1,200})[)\]]\s*\.?$/

/**
 * Finds a status mark of the profile in the text behind a heading's number: in its last brackets, "(repealed by Act 5)", or as
 * all of it, "Repealed."
 */
export function findStatusMark(rest: string, profile: Profile): StatusMark | null {
  const text = rest.trim()
  if (text === '') return null
  const brackets = LAST_BRACKETS.exec(text)
  const bracketed = brackets?.[1]?.trim().toLowerCase()
  const complete = text.toLowerCase().replace(/^[\s.:–—-]+|[\s.]+$/g, '')
  for (const { word, status, excludedBecause } of markWordsOf(profile)) {
    if (bracketed !== undefined && startsWithWord(bracketed, word)) {
      return { status, excludedBecause, without: text.slice(0, brackets!.index).trim() }
    }
    if (complete === word) return { status, excludedBecause, without: '' }
  }
  return null
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
    words.map((each) => ({ word: each.normalize('NFC').toLowerCase(), status, excludedBecause })),
  )
  known.set(profile, words)
  return words
}

function startsWithWord(text: string, word: string): boolean {
  return text.startsWith(word) && !/^[\p{L}\p{M}]/u.test(text.slice(word.length))
}

/** Maximum length in bytes of a unit whose text is only its status. */
const LONGEST_STATUS_TEXT = 400

/** Finds the status mark of a unit whose text behind the first line is a status and nothing else: "(Repealed)", "*bãi bỏ*". */
export function findBodyStatusMark(
  bytes: Uint8Array,
  start: number,
  end: number,
  profile: Profile,
): StatusMark | null {
  if (end - start > LONGEST_STATUS_TEXT) return null
  const [, ...lines] = textOf(bytes, start, end)
    .normalize('NFC')
    .split(/\r\n|\r|\n/)
  const text = lines.join(' ').replace(/[*_`]/g, '').trim()
  const words = /^[([].*[)\]]\.?$/.test(text) ? text : text.replace(/\.$/, '')
  const mark = text === '' ? null : findStatusMark(words, profile)
  return mark === null || mark.without !== '' ? null : mark
}
