import { Stop } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import type { Sql } from '../../targets/target.ts'
import { readAtSavepoint } from './read-at-savepoint.ts'

/** The outcome of one row of preflight.sql or verify.sql. */
export interface CheckResult {
  name: string
  pass: boolean
  value?: string | null
  expected?: string | null
}

/**
 * Runs the SELECT statements of a file of checks. Each returns rows of (name, ok) or of (name, value, expected). A statement that
 * returns neither, or no row, fails, because it proves nothing. So does a second check of the same name.
 */
export async function runChecks(sql: Sql, statements: string[]): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const [index, text] of statements.entries()) {
    const rows = await readAtSavepoint(sql, () => sql.query<{ [column: string]: unknown }>(text)).then(
      (answer) => answer.rows,
      (error: Error) => serverRefusal(error),
    )
    if (typeof rows === 'string') {
      results.push({ name: `statement ${index + 1} failed: ${rows}`, pass: false })
      continue
    }
    if (rows.length === 0) results.push({ name: `statement ${index + 1} returned no row`, pass: false })
    for (const row of rows) results.push(resultOfRow(row, index + 1))
  }
  const names = results.map(({ name }) => name)
  return results.map((result, at) =>
    names.indexOf(result.name) === at ? result : { ...result, pass: false },
  )
}

/** The server's message for a query that it rejects, such as one about a missing table. Rethrows every other error. */
function serverRefusal(error: Error & { severity?: string; code?: string }): string {
  const interrupted = error.code === '57014' || error.code === '55P03'
  if (error.severity === 'ERROR' && !interrupted) return error.message
  throw error
}

function resultOfRow(row: { [column: string]: unknown }, number: number): CheckResult {
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

/** Returns the rows of a distribution as JSON, whatever their types, or the reason why the server rejects its query. */
export async function queryDistribution(
  sql: Sql,
  { name, sql: text }: { name: string; sql: string },
): Promise<{ name: string; rows: Json[] } | { name: string; refused: string }> {
  const query = `select coalesce(jsonb_agg(to_jsonb(q.*)), '[]') as rows from (${text}\n) q`
  return readAtSavepoint(sql, () => sql.query<{ rows: Json[] }>(query)).then(
    ({ rows }) => ({ name, rows: rows[0]!.rows }),
    (error: Error) => ({ name, refused: `distribution ${name} failed: ${serverRefusal(error)}` }),
  )
}
