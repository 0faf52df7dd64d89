import { Stop } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { serverMessage } from '../../domain/server-message.ts'
import type { Sql } from '../../targets/target.ts'
import type { Ask, Row } from './ask-check.ts'

/** The outcome of one row of preflight.sql or verify.sql. */
export interface CheckResult {
  name: string
  pass: boolean
  value?: string | null
  expected?: string | null
  /** The statement of the file, from 1. Earlier versions did not record it. */
  statement?: number
  /** Set where the target was not asked, so that the row is of the rehearsal database. */
  seen?: 'copy'
}

/**
 * Runs the SELECT statements of a file of checks in the current transaction. Each returns rows of (name, ok) or of (name, value,
 * expected). A statement that returns neither, or no row, fails, because it proves nothing. So does a second check of the same name.
 * @throws Error of the server for everything but a rejected statement, such as a timeout or a lost connection
 */
export async function runChecks(sql: Sql, statements: string[], ask: Ask): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const [index, text] of statements.entries())
    results.push(...resultsOf(index + 1, await ask(sql, text).catch(describeRejection)))
  return failRepeatedNames(results)
}

/**
 * Makes the results of a statement.
 * @param number of the statement, from 1
 * @param answer its rows, or why there are none
 */
export function resultsOf(number: number, answer: Row[] | string): CheckResult[] {
  const failure = (what: string) => [{ name: `statement ${number} ${what}`, pass: false, statement: number }]
  if (typeof answer === 'string') return failure(`failed: ${answer}`)
  if (answer.length === 0) return failure('returned no row')
  return answer.map((row) => ({ ...resultOfRow(row, number), statement: number }))
}

/** Fails each result whose name an earlier one has, because people could not tell them apart. */
export function failRepeatedNames(results: CheckResult[]): CheckResult[] {
  const names = results.map(({ name }) => name)
  return results.map((result, at) =>
    names.indexOf(result.name) === at ? result : { ...result, pass: false },
  )
}

/**
 * Returns the server's message for a query that it rejects, such as one about a missing table.
 * @throws the error itself when it is another one, such as a timeout or a lost connection
 */
export function describeRejection(error: Error & { severity?: string; code?: string }): string {
  const interrupted = error.code === '57014' || error.code === '55P03'
  if (error.severity === 'ERROR' && !interrupted) return serverMessage(error)
  throw error
}

function resultOfRow(row: Row, number: number): CheckResult {
  const { name, ok } = row
  if (typeof name !== 'string') return { name: `statement ${number} names no check`, pass: false }
  if (typeof ok === 'boolean') return { name, pass: ok }
  if (!('value' in row && 'expected' in row))
    return { name: `${name}: has neither ok nor value and expected`, pass: false }
  const value = textOf(row.value)
  const expected = textOf(row.expected)
  return { name, pass: value === expected, value, expected }
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Summarizes results as `10 of 10 PASS`, and describes each check that failed. */
export function describeChecks(results: CheckResult[]): { summary: string; failed: string[] } {
  const failed = results.filter(({ pass }) => !pass)
  return {
    summary: `${results.length - failed.length} of ${results.length} PASS`,
    failed: failed.map(({ name, value, expected }) =>
      value === undefined ? name : `${name}: is ${value}, ${expected} expected`,
    ),
  }
}

/**
 * Stops the run when a check failed. The message has the number of passed checks and the first five that failed.
 * @param what the file of checks, as the message names it
 * @throws the given code when a check failed
 */
export function assertChecksPass(
  code: 'STOP_PREFLIGHT_FAILED' | 'STOP_VERIFICATION_FAILED',
  what: 'preflight' | 'verification',
  results: CheckResult[],
): void {
  const { summary, failed } = describeChecks(results)
  if (failed.length === 0) return
  throw new Stop(code, `${what}: ${summary}; failed: ${failed.slice(0, 5).join('; ')}`, { data: { failed } })
}

/** The query that returns the rows of a distribution as JSON, whatever their types. */
export const distributionQuery = (text: string) =>
  `select coalesce(jsonb_agg(to_jsonb(q.*)), '[]') as rows from (${text}\n) q`

type DistributionAnswer = { name: string; rows: Json[] } | { name: string; refused: string }

/** Returns the rows of a distribution as JSON, or the reason why the server rejects its query. */
export async function queryDistribution(
  sql: Sql,
  { name, sql: text }: { name: string; sql: string },
  ask: Ask,
): Promise<DistributionAnswer> {
  return ask(sql, distributionQuery(text)).then(
    ([row]) => ({ name, rows: row!.rows as Json[] }),
    (error: Error) => ({ name, refused: `distribution ${name} failed: ${describeRejection(error)}` }),
  )
}
