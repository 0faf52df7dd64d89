import { asBuffer, byteOrderMark, eachLine, positionOf, textOf, wordsOf } from '../syntax/lines.ts'
import { createProblem, type Problem } from './problem.ts'
import type { ProblemCode } from './severity.ts'

/** What is reported of a heading. */
interface FoundHeading {
  text: string
  line: number
  start: number
  normalised: boolean
}

const LF = 0x0a
const CR = 0x0d

/**
 * Finds the problems of the bytes. Each heading that is not in NFC is reported, the rest of the text once. `marksHide` says whether a
 * byte-order mark hides the heading behind it, as it does by the first rules.
 */
export function findByteProblems(
  bytes: Uint8Array,
  headings: readonly FoundHeading[],
  marksHide: boolean,
): Problem[] {
  const at = (code: ProblemCode, start: number, message: string) =>
    createProblem(code, message, { ...positionOf(bytes, start), start })
  const nul = bytes.indexOf(0)
  const last = bytes[bytes.length - 1]
  return [
    ...(byteOrderMark(bytes) > 0
      ? [at('BYTE_ORDER_MARK', 0, 'the source begins with a byte-order mark; it is kept')]
      : []),
    ...innerMarkProblems(bytes, marksHide),
    ...(nul < 0
      ? []
      : [at('NUL', nul, 'the source holds a NUL byte, which PostgreSQL text can not hold; take it out')]),
    ...lineEndProblems(bytes),
    ...(last === LF || last === CR
      ? []
      : [at('NO_FINAL_NEWLINE', bytes.length, 'the last line has no line end; nothing is added')]),
    ...normalisationProblems(bytes, headings),
  ]
}

const MARK = Buffer.from('\ufeff')

/** Joined files leave a byte-order mark inside of the text, where nobody sees it. */
function innerMarkProblems(bytes: Uint8Array, marksHide: boolean): Problem[] {
  const source = asBuffer(bytes)
  let count = 0
  let first: number | null = null
  for (let at = source.indexOf(MARK, 1); at >= 0; at = source.indexOf(MARK, at + MARK.length)) {
    if (source[at - 1] !== LF && source[at - 1] !== CR) continue
    count += 1
    first ??= at
  }
  if (first === null) return []
  const place = positionOf(bytes, first)
  const lines = count === 1 ? '1 line inside the text begins' : `${count} lines inside the text begin`
  const effect = marksHide
    ? 'a heading behind it is not seen'
    : 'it is kept, and a heading behind it is read; the text may be joined from several files'
  const message = `${lines} with a byte-order mark, the first is line ${place.line}: ${effect}`
  return [createProblem('BYTE_ORDER_MARK_INSIDE', message, { ...place, start: first })]
}

interface Ending {
  count: number
  /** Of the first line with this end. */
  line: number
  start: number
}

function lineEndProblems(bytes: Uint8Array): Problem[] {
  // Most sources have LF alone. One native search finds that out.
  if (bytes.indexOf(CR) < 0) return []
  const endings = new Map<string, Ending>()
  eachLine(bytes, ({ number, end, ending }) => {
    const seen = endings.get(ending)
    if (seen !== undefined) seen.count += 1
    else if (ending !== 'none') endings.set(ending, { count: 1, line: number, start: end })
    return undefined
  })
  const endingProblem = (code: ProblemCode, ending: string, what: string): Problem[] => {
    const found = endings.get(ending)
    if (found === undefined) return []
    const message = `${found.count} lines end in ${what}, the first is line ${found.line}; they are kept`
    return [createProblem(code, message, { ...positionOf(bytes, found.start), start: found.start })]
  }
  const kinds = [...endings].sort(([, a], [, b]) => a.start - b.start)
  const second = kinds[1]?.[1]
  const mixed = `line ends are mixed (${kinds.map(([kind, { count }]) => `${count} ${kind.toUpperCase()}`).join(', ')}); they are kept as they are`
  return [
    ...endingProblem('CRLF', 'crlf', 'CRLF'),
    ...endingProblem('LONE_CR', 'cr', 'a lone CR'),
    ...(second === undefined
      ? []
      : [
          createProblem('MIXED_LINE_ENDS', mixed, {
            ...positionOf(bytes, second.start),
            start: second.start,
          }),
        ]),
  ]
}

const CHUNK = 1 << 18

function normalisationProblems(bytes: Uint8Array, headings: readonly FoundHeading[]): Problem[] {
  const problems = headings
    .filter(({ normalised }) => !normalised)
    .map(({ text, line, start }) =>
      createProblem(
        'MIXED_NORMALISATION',
        `the heading "${text}" is not in Unicode's composed form (NFC); it is matched in it and kept as it is`,
        { line, column: 1, start },
      ),
    )
  const { count, first } = decomposedLines(bytes, new Set(problems.map(({ start }) => start)))
  if (first === null) return problems
  const place = { ...positionOf(bytes, first), start: first }
  const message = `${count} lines of text are not in Unicode's composed form (NFC), the first is line ${place.line}; they are kept as they are`
  return [...problems, createProblem('MIXED_NORMALISATION', message, place)]
}

/** Counts the lines that are not in NFC and were not `reported`, and finds the start of the first one. */
function decomposedLines(bytes: Uint8Array, reported: Set<number>): { count: number; first: number | null } {
  let count = 0
  let first: number | null = null
  for (let start = byteOrderMark(bytes); start < bytes.length; ) {
    const end = afterLine(bytes, start + CHUNK)
    // Nearly all chunks are completely in NFC. Only the others are checked line by line.
    if (!isComposed(bytes, start, end)) {
      for (let at = start, next = at; at < end; at = next) {
        next = afterLine(bytes, at)
        if (reported.has(at) || isComposed(bytes, at, next)) continue
        count += 1
        first ??= at
      }
    }
    start = end
  }
  return { count, first }
}

function isComposed(bytes: Uint8Array, start: number, end: number): boolean {
  if (holdsComposedOnly(bytes, start, end)) return true
  const text = textOf(bytes, start, end)
  return text.normalize('NFC') === text
}

/**
 * True only if no character can compose with another or has another form: ASCII and Latin letters, most punctuation, basic
 * Cyrillic, Han and Hangul (Unicode's NFC_Quick_Check). Most texts need no decoding because of it.
 */
function holdsComposedOnly(bytes: Uint8Array, start: number, end: number): boolean {
  const { words, first } = wordsOf(bytes)
  const last = Math.min(words.length, (end - first) >> 2)
  for (let at = start; at < end; at++) {
    // Most words of four bytes are ASCII.
    if (((at - first) & 3) === 0) {
      let word = (at - first) >> 2
      while (word < last && (words[word]! & 0x80808080) === 0) word += 1
      at = first + word * 4
      if (at >= end) return true
    }
    const lead = bytes[at]!
    if (lead < 0xcc) continue
    const next = bytes[at + 1]!
    const safe =
      lead === 0xd0 ||
      lead === 0xd1 ||
      (lead === 0xe1 && (next === 0xba || next === 0xbb)) ||
      (lead === 0xe2 && next === 0x80 && bytes[at + 2]! > 0x81) ||
      (lead >= 0xe4 && lead <= 0xe9) ||
      (lead >= 0xeb && lead <= 0xec)
    if (!safe) return false
    at += lead < 0xe0 ? 1 : 2
  }
  return true
}

function afterLine(bytes: Uint8Array, from: number): number {
  const at = from >= bytes.length ? -1 : bytes.indexOf(LF, from)
  return at < 0 ? bytes.length : at + 1
}
