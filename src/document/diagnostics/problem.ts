import { type ProblemCode, SEVERITY, type Severity } from './severity.ts'

/** An oddity of a document, with its place. */
export interface Problem {
  code: ProblemCode
  message: string
  /** Both from 1; the column counts code points. */
  line: number
  column: number
  /** Byte offset. */
  start: number
  severity: Severity
}

/** A place in a source: line and column from 1, `start` as a byte offset. */
export interface Position {
  line: number
  column: number
  start: number
}

/** Creates a problem, with the severity of its code. */
export function createProblem(
  code: ProblemCode,
  message: string,
  { line, column, start }: Position,
): Problem {
  return { code, message, line, column, start, severity: SEVERITY[code] }
}
