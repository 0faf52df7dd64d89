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
    const { rows } = await sql.query<{ [column: string]: unknown }>(text)
    if (rows.length === 0) results.push({ name: `statement ${index + 1} gave no row`, pass: false })
    for (const row of rows) results.push(resultOf(row, index + 1))
  }
  const names = results.map(({ name }) => name)
  return results.map((result, at) =>
    names.indexOf(result.name) === at ? result : { ...result, pass: false },
  )
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
export function checkWords(results: CheckResult[]): { summary: string; failed: string[] } {
  const failed = results.filter(({ pass }) => !pass)
  return {
    summary: `${results.length - failed.length} of ${results.length} PASS`,
    failed: failed.map(({ name, value, expected }) =>
      value === undefined ? name : `${name}: is ${value}, ${expected} expected`,
    ),
  }
}

/** A query's rows as JSON, whatever their types. */
export async function rowsAsJson(sql: Sql, text: string): Promise<Json[]> {
  const { rows } = await sql.query<{ rows: Json[] }>(
    `select coalesce(jsonb_agg(to_jsonb(q.*)), '[]') as rows from (${text}\n) q`,
  )
  return rows[0]!.rows
}

/** Looks without leaving a trace, inside of a transaction that writes: read-only, and rolled back to where it was. */
export async function looking<T>(sql: Sql, work: () => Promise<T>): Promise<T> {
  await sql.query('savepoint cutter_look')
  await sql.query('set local transaction_read_only = on')
  const value = await work()
  await sql.query('rollback to savepoint cutter_look')
  await sql.query('release savepoint cutter_look')
  return value
}
