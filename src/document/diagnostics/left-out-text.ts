import type { Profile } from '../profiles/profile.ts'
import { cleanHeading, withoutTags } from '../structure/headings/clean-heading.ts'
import { findStatusMark } from '../structure/headings/repeal-status.ts'
import type { Boundary } from '../structure/outline.ts'
import { isSentence } from '../structure/own-text.ts'
import type { PlacedRecord } from '../structure/records.ts'
import { textOf } from '../syntax/lines.ts'
import { createProblem, type Problem } from './problem.ts'

/** Statuses of texts that are complete and not in force: they are expected to have text. */
const WITH_TEXT: ReadonlySet<string> = new Set(['draft', 'obsolete'])
/** A sentence has at least this many words. */
const FEWEST_WORDS = 4
/** The text of a unit that is left out is judged by its first bytes. */
const READ_BYTES = 20_000
/** A longer status is followed by another sentence. */
const LONGEST_STATUS = 240

/**
 * Finds units that are left out because their heading or their text says that they are repealed, and that have more text than this. The
 * text may stand, e.g. a closing provision behind the last article.
 */
export function findLeftOutText(
  bytes: Uint8Array,
  boundaries: Boundary[],
  placed: PlacedRecord[],
  profile: Profile,
): Problem[] {
  const left = placed.filter(({ record }) => record.kind === 'excluded')
  if (left.length === 0) return []
  const headings = new Map(boundaries.map(({ heading }) => [heading.start, heading]))
  return left.flatMap(({ record, line }) => {
    const { status, reason = '', start, end, address } = record
    const isInside = reason.startsWith('inside ')
    if (status === null ? !isInside : WITH_TEXT.has(status)) return []
    const heading = headings.get(start)
    if (heading === undefined) return []
    const text = textOf(bytes, Math.max(start, heading.after), Math.min(end, start + READ_BYTES))
    const body = heading.after > start ? text : behindHeading(text, heading.text)
    const found = paragraphsOf(body).find((each) => stands(each, profile))
    if (found === undefined) return []
    const shown = [...found].slice(0, 80).join('')
    const message = `${address} is left out (${reason}), with text behind the words that say so: "${shown}". This text may stand`
    return [createProblem('TEXT_LEFT_OUT', message, { line, column: 1, start })]
  })
}

/** The text behind a heading that is the beginning of a paragraph. */
function behindHeading(text: string, heading: string): string {
  const at = text.indexOf(heading)
  return at < 0 ? text : text.slice(at + heading.length)
}

const paragraphsOf = (text: string) =>
  text
    .split(/(?:\r\n|\r|\n)(?=[ \t]*(?:\r|\n|$))|(?<=[.。：:؟।])(?:\r\n|\r|\n)|(?=<p[\s>])/u)
    .map((each) => each.trim())
    .filter((each) => each !== '')

/** Whether a paragraph is text of its own: no status, no note in brackets or italics, and not struck out. */
function stands(marked: string, profile: Profile): boolean {
  const paragraph = withoutTags(marked).trim()
  const clean = cleanHeading(paragraph.replace(/\s+/g, ' ').replace(/^[>\-–—:.\s]+/u, ''))
  if (clean.isStruck || /^~~[\s\S]*~~\W*$/u.test(paragraph)) return false
  if (
    /^[*_]{0,2}[[(（〔【<{][\s\S]*[\])）〕】>}]\W*$/u.test(paragraph) ||
    /^(\*|_)(?!\1)[^*_]+\1$/u.test(paragraph)
  )
    return false
  const mark = findStatusMark(clean.text, profile)
  if (mark === null) return isSentence(paragraph, FEWEST_WORDS) || /\p{sc=Han}{6,}[。！？]$/u.test(paragraph)
  const rest = mark.without === '' ? behindStatus(clean.text) : mark.without
  return rest !== '' && isSentence(rest, FEWEST_WORDS)
}

/** What a status has behind its first sentence: "Repealed. This Act …". A date or the name of an act belongs to the status. */
function behindStatus(text: string): string {
  const rest = /^[^.。]{1,200}[.。]\s*(\p{Lu}\p{Ll}+\s[\p{L}\s,]{20,}|\p{Lo}[^.。\p{N}]{8,})[.。]?/u.exec(
    text,
  )
  return text.length > LONGEST_STATUS || rest === null ? '' : `${rest[1]}.`
}
