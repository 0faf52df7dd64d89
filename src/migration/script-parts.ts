import type { SqlStatement } from './sql-statements.ts'

/**
 * The parts of a script, in the order in which they run: transactions, statements outside of a transaction, and statements that are repeated
 * in batches, each batch in a transaction of its own.
 */

/** Statements that run in one transaction. */
export interface TransactionPart {
  how: 'transaction'
  numbers: number[]
  /** The line of the file on which the text begins, from 1. */
  line: number
  text: string
}

/** One statement outside of a transaction. */
export interface AlonePart {
  how: 'alone'
  number: number
  text: string
}

/** One statement that is repeated until it changes no row. */
export interface BatchesPart extends BatchLimits {
  how: 'batches'
  number: number
  text: string
}

/** The bounds of batches. */
export interface BatchLimits {
  /** The most rows of a table that one batch changes. */
  rows: number
  /** The most batches. */
  atMost: number
  /** The time between two batches, in seconds. */
  pauseSeconds: number
}

export type ScriptPart = TransactionPart | AlonePart | BatchesPart

/** A script that is more than one transaction with statements outside of it at the end. */
export interface ScriptParts {
  before: ScriptPart[]
  /** The first transaction. Without one, the text before the first statement. */
  first: TransactionPart
  after: ScriptPart[]
}

/** All parts in their order. A script of nothing but statements outside of a transaction has no first one. */
export const allParts = ({ before, first, after }: ScriptParts): ScriptPart[] => [
  ...before,
  ...(first.numbers.length === 0 ? [] : [first]),
  ...after,
]

/** Divides a script. Together with the semicolons that end statements outside of a transaction, the texts are the file. */
export function divideScript(
  bytes: Buffer,
  statements: SqlStatement[],
  { alone, batches }: { alone: ReadonlySet<number>; batches: ReadonlyMap<number, BatchLimits> },
): ScriptParts {
  const parts: ScriptPart[] = []
  const isApart = ({ number }: SqlStatement) => alone.has(number) || batches.has(number)
  const lineOf = (offset: number) => bytes.subarray(0, offset).toString('utf8').split('\n').length
  const textBetween = (from: number, to: number) => bytes.subarray(from, to).toString('utf8')
  let from = 0
  for (let at = 0; at < statements.length; ) {
    const one = statements[at]!
    const { number, text } = one
    if (isApart(one)) {
      const limits = batches.get(number)
      parts.push(
        limits === undefined ? { how: 'alone', number, text } : { how: 'batches', number, text, ...limits },
      )
      from = bytes[one.end] === SEMICOLON ? one.end + 1 : one.end
      at += 1
      continue
    }
    const next = statements.findIndex((later, place) => place > at && isApart(later))
    const to = next < 0 ? bytes.length : statements[next]!.start
    const numbers = statements.slice(at, next < 0 ? undefined : next).map((each) => each.number)
    parts.push({ how: 'transaction', numbers, line: lineOf(from), text: textBetween(from, to) })
    at = next < 0 ? statements.length : next
  }
  const first = parts.findIndex(({ how }) => how === 'transaction')
  if (first >= 0)
    return {
      before: parts.slice(0, first),
      first: parts[first] as TransactionPart,
      after: parts.slice(first + 1),
    }
  const text = textBetween(0, statements[0]?.start ?? bytes.length)
  return { before: [], first: { how: 'transaction', numbers: [], line: 1, text }, after: parts }
}

const SEMICOLON = 0x3b

/** Whether a script is one transaction, with statements outside of it at most at its end. */
export const isPlain = ({ before, after }: ScriptParts): boolean =>
  before.length === 0 && after.every(({ how }) => how === 'alone')

/** The first number of a part, which names it within its script. */
export const placeOfPart = (part: ScriptPart): number =>
  part.how === 'transaction' ? (part.numbers[0] ?? 0) : part.number

/** A part in words. */
export function describePart(part: ScriptPart): string {
  if (part.how === 'alone') return `statement ${part.number}, outside of a transaction`
  if (part.how === 'batches') return `statement ${part.number}, in batches`
  const [first, last] = [part.numbers[0], part.numbers.at(-1)]
  return first === last ? `statement ${first}` : `statements ${first} to ${last}`
}
