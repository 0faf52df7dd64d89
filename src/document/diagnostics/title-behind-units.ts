// cspell:ignore ENDE EINDE KONIEC KONEC КОНЕЦ
import type { Profile } from '../profiles/profile.ts'
import { findLevel } from '../structure/leaf-level.ts'
import { findOwnText } from '../structure/own-text.ts'
import type { PlacedRecord } from '../structure/records.ts'
import { textOf } from '../syntax/lines.ts'
import { createProblem, type Problem } from './problem.ts'

const WORDS = { fewest: 3, most: 12 }
/** Share of the words of a title that begin with a capital. */
const CAPITALS = 0.6

/** "END OF TERMS AND CONDITIONS" */
const CLOSING = /^\s*(?:END|FIN|FINE|FIM|ENDE|EINDE|KONIEC|KONEC|КОНЕЦ)(?:\s\p{Lu}+)*\s*$/u

/**
 * Finds a title without a number behind the last of sections that have a number and no word: "How to Apply These Terms to Your New
 * Programs". The text behind it would belong to that section.
 */
export function findTitleBehindUnits(bytes: Uint8Array, placed: PlacedRecord[], profile: Profile): Problem[] {
  const last = placed.at(-1)
  if (last === undefined || last.record.kind !== 'unit' || last.record.number === null) return []
  // A schedule has titles of its own.
  if (findLevel(last.record.level, profile)?.role === 'annex') return []
  const { start: from, end, address } = last.record
  const lines = textOf(bytes, from, end).split('\n')
  let start = from
  // Other texts have signatures and tables behind their last article.
  let isClosed = profile.detect.when === 'fallback'
  for (const [i, text] of lines.entries()) {
    const next = start + Buffer.byteLength(text) + 1
    const isApart = i > 0 && lines[i - 1]!.trim() === '' && (lines[i + 1] ?? '').trim() === ''
    if (CLOSING.test(text)) isClosed = true
    if (isApart && isClosed && isTitle(text.trim()) && next < end && findOwnText(bytes, next, end) !== null) {
      const message = `"${text.trim()}" reads like a title and stands in the text of ${address}, the last section: the text behind it may not belong to this`
      return [createProblem('HEADING_SUSPECTED', message, { line: last.line + i, column: 1, start })]
    }
    start = next
  }
  return []
}

function isTitle(text: string): boolean {
  if (/[.;,:!?)"”]$/u.test(text) || !/^\p{Lu}/u.test(text)) return false
  const words = text.split(/\s+/)
  const capitals = words.filter((word) => /^\p{Lu}/u.test(word)).length
  return words.length >= WORDS.fewest && words.length <= WORDS.most && capitals >= words.length * CAPITALS
}
