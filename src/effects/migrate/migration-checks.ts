import type { Json } from '../../domain/json.ts'
import type { Sql } from '../../targets/target.ts'

/** The outcome of one row of preflight.sql or verify.sql. */
export interface CheckResult {
  name: string
  pass: boolean
  value?: string | null
  expected?: string | null
}

/**
 * Runs the SELECTs of a file of checks. Each gives rows of (name, ok) or (name, value, expected); what gives neither, or nothing
 * at all, does not pass: a check that says nothing vouches for nothing.
 */
export async function runChecks(sql: Sql, statements: string[]): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const [index, text] of statements.entries()) {
    const rows = await readAtSavepoint(sql, () => sql.query<{ [column: string]: unknown }>(text)).then(
      (answer) => answer.rows,
      (error: Error) => refusedBy(error),
    )
    if (typeof rows === 'string') {
      results.push({ name: `statement ${index + 1} can’t be asked: ${rows}`, pass: false })
      continue
    }
    if (rows.length === 0) results.push({ name: `statement ${index + 1} gave no row`, pass: false })
    for (const row of rows) results.push(resultOf(row, index + 1))
  }
  const names = results.map(({ name }) => name)
  return results.map((result, at) =>
    names.indexOf(result.name) === at ? result : { ...result, pass: false },
  )
}

/** The server's own refusal of a question, such as one after a table that is not there; anything else is thrown on. */
function refusedBy(error: Error & { severity?: string; code?: string }): string {
  const interrupted = error.code === '57014' || error.code === '55P03'
  if (error.severity === 'ERROR' && !interrupted) return error.message
  throw error
}

function resultOf(row: { [column: string]: unknown }, number: number): CheckResult {
  const { name, ok } = row
  if (typeof name !== 'string') return { name: `statement ${number} names no check`, pass: false }
  if (typeof ok === 'boolean') return { name, pass: ok }
  if (!('value' in row && 'expected' in row))
    return { name: `${name}: neither ok nor value and expected`, pass: false }
  const [value, expected] = [textOf(row.value), textOf(row.expected)]
  return { name, pass: value === expected, value, expected }
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** `10 of 10 PASS`, and each that does not. */
export function describeChecks(results: CheckResult[]): { summary: string; failed: string[] } {
  const failed = results.filter(({ pass }) => !pass)
  return {
    summary: `${results.length - failed.length} of ${results.length} PASS`,
    failed: failed.map(({ name, value, expected }) =>
      value === undefined ? name : `${name}: is ${value}, ${expected} expected`,
    ),
  }
}

/** A distribution's rows as JSON, whatever their types; why the server refuses to give them, if it does. */
export async function queryDistribution(
  sql: Sql,
  { name, sql: text }: { name: string; sql: string },
): Promise<{ name: string; rows: Json[] } | { name: string; refused: string }> {
  const query = `select coalesce(jsonb_agg(to_jsonb(q.*)), '[]') as rows from (${text}\n) q`
  return readAtSavepoint(sql, () => sql.query<{ rows: Json[] }>(query)).then(
    ({ rows }) => ({ name, rows: rows[0]!.rows }),
    (error: Error) => ({ name, refused: `distribution ${name} can’t be asked: ${refusedBy(error)}` }),
  )
}

/** Looks without leaving a trace, inside of a transaction that writes: read-only, and rolled back to where it was. */
export async function readAtSavepoint<T>(sql: Sql, work: () => Promise<T>): Promise<T> {
  await sql.query('savepoint cutter_look; set local transaction_read_only = on')
  const leave = () => sql.query('rollback to savepoint cutter_look; release savepoint cutter_look')
  let value: T
  try {
    value = await work()
  } catch (error) {
    // On a connection that is gone there is nothing to go back to.
    await leave().catch(() => undefined)
    throw error
  }
  await leave()
  return value
}
