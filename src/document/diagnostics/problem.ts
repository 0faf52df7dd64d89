import { type ProblemCode, SEVERITY, type Severity } from './severity.ts'

/** Something odd about a document. */
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

export interface Position {
  line: number
  column: number
  start: number
}

export function createProblem(
  code: ProblemCode,
  message: string,
  { line, column, start }: Position,
): Problem {
  return { code, message, line, column, start, severity: SEVERITY[code] }
}
