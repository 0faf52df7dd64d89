import type { Scan } from '../scan.ts'
import { asBuffer, textOf } from '../syntax/lines.ts'
import type { Problem } from './problem.ts'
import type { ProblemCode } from './severity.ts'

/** A place where a heading or a part of its number may not have been read. */
export interface Suspect {
  /** From 1. */
  line: number
  code: ProblemCode
  severity: Problem['severity']
  /** The line's text, shortened. */
  text: string
  reason: string
}

/** Problems that say where the reading may be wrong, not where the bytes are odd. */
const DOUBTS: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'ADDRESS_COLLISION',
  'BYTE_ORDER_MARK_INSIDE',
  'COUNT_UNEXPECTED',
  'HEADING_IN_ANNEX',
  'HEADING_SUSPECTED',
  'HEADING_TOO_LONG',
  'KIND_GUESSED',
  'NUMBERS_MISSING',
  'NUMBER_GAP',
  'NUMBER_OUT_OF_ORDER',
  'NUMBER_RAISED',
  'NUMBER_STARTS_LATE',
  'NUMBER_UNREAD',
  'OTHER_TEXT_LARGE',
  'TEXT_LEFT_OUT',
  'TEXT_STRUCK_OUT',
  'UNCLOSED_BLOCK',
  'UNIT_EMPTY',
  'UNIT_OUTSIZED',
  'UNIT_TITLE_ALONE',
  'UNKNOWN_HEADING_LEVEL',
])

const LONGEST = 160

/** Lists what a reading may have missed, by lines. */
export function listSuspects(bytes: Uint8Array, { problems }: Pick<Scan, 'problems'>): Suspect[] {
  return problems
    .filter(({ code }) => DOUBTS.has(code))
    .map(({ line, code, severity, start, message }) => ({
      line,
      code,
      severity,
      text: lineAt(bytes, start),
      reason: message,
    }))
}

function lineAt(bytes: Uint8Array, start: number): string {
  const end = asBuffer(bytes).indexOf(0x0a, start)
  const text = textOf(bytes, start, Math.min(end < 0 ? bytes.length : end, start + LONGEST * 4)).trim()
  const signs = [...text]
  return signs.length <= LONGEST ? text : `${signs.slice(0, LONGEST - 1).join('')}…`
}
