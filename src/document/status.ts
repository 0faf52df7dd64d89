import { textOf } from './lines.ts'
import type { Profile } from './profile.ts'

/** A status that a heading's text bears. It is never part of the address: the unit stays the same one. */
export interface Mark {
  status: string
  excludedBecause: string | null
  /** The text without the mark. */
  without: string
}

const LAST_BRACKETS = /[([]([^()[\]]{1,200})[)\]]\s*\.?$/

/** Looks at the last brackets, then at the whole text behind the number: "(repealed by Act 5)", "Repealed." */
export function statusMarkOf(rest: string, profile: Profile): Mark | null {
  const text = rest.trim()
  const brackets = LAST_BRACKETS.exec(text)
  for (const mark of profile.statusMarks) {
    for (const word of mark.words.map((each) => each.normalize('NFC').toLowerCase())) {
      const found = { status: mark.status, excludedBecause: mark.excludedBecause }
      if (brackets !== null && startsWithWord(brackets[1]!.trim().toLowerCase(), word)) {
        return { ...found, without: text.slice(0, brackets.index).trim() }
      }
      if (text.toLowerCase().replace(/^[\s.:–—-]+|[\s.]+$/g, '') === word) return { ...found, without: '' }
    }
  }
  return null
}

function startsWithWord(text: string, word: string): boolean {
  return text.startsWith(word) && !/^[\p{L}\p{M}]/u.test(text.slice(word.length))
}

/** A text of so many bytes may say nothing but its status. */
const LONGEST_STATUS_TEXT = 400

/** The mark of a unit whose text, its first line left out, is a status and nothing else: "(Repealed)", "*bãi bỏ*". */
export function bodyMarkOf(bytes: Uint8Array, start: number, end: number, profile: Profile): Mark | null {
  if (end - start > LONGEST_STATUS_TEXT) return null
  const [, ...lines] = textOf(bytes, start, end)
    .normalize('NFC')
    .split(/\r\n|\r|\n/)
  const text = lines.join(' ').replace(/[*_`]/g, '').trim()
  const whole = /^[([].*[)\]]\.?$/.test(text) ? text : text.replace(/\.$/, '')
  const mark = text === '' ? null : statusMarkOf(whole, profile)
  return mark === null || mark.without !== '' ? null : mark
}
