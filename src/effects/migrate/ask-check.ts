import type { Sql } from '../../targets/target.ts'
import { readAtSavepoint } from './read-at-savepoint.ts'

/** The search path of every session of `MigrationDatabase`: a name without a schema means an object of the server. */
export const STRICT_PATH = 'pg_catalog, pg_temp'

/** More rows than a person reads; without a limit a check could fill the memory. */
const MAX_ROWS = 1_000

/** A row of the server, by column. */
export type Row = { [column: string]: unknown }

/** Asks a check in the current transaction. */
export type Ask = (sql: Sql, text: string) => Promise<Row[]>

/**
 * Asks a SELECT of a migration bundle in the current transaction and leaves no trace there. Its names are resolved with
 * `search_path = pg_catalog, pg_temp`.
 * @throws Error with the fields of the server when it rejects the statement
 */
export const askStrictly: Ask = (sql, text) =>
  readAtSavepoint(sql, async () => {
    await sql.query(`set local search_path = ${STRICT_PATH}`)
    return fetchRows(sql, text)
  })

/**
 * Asks a SELECT whose names are resolved with the search path of the login. This is for rehearsals, and for a target after the
 * approval.
 * @throws Error with the fields of the server when it rejects the statement
 */
export const askByLogin: Ask = (sql, text) =>
  readAtSavepoint(sql, async () => {
    await sql.query('set local search_path to default')
    return fetchRows(sql, text)
  })

/** Asks those checks strictly that qualify, so that no other object can take the place of one that was judged. */
export const askQualified =
  (qualified: ReadonlySet<string>): Ask =>
  (sql, text) =>
    qualified.has(text) ? askStrictly(sql, text) : askByLogin(sql, text)

/** A cursor takes one SELECT and nothing else. The extended protocol takes one statement. */
async function fetchRows(sql: Sql, text: string): Promise<Row[]> {
  await sql.query({
    text: `declare cutter_check no scroll cursor for ${text}`,
    queryMode: 'extended',
  } as { text: string })
  const { rows } = await sql.query<Row>(`fetch ${MAX_ROWS + 1} from cutter_check`)
  if (rows.length <= MAX_ROWS) return rows
  throw Object.assign(new Error(`it returned more than ${MAX_ROWS} rows`), { severity: 'ERROR' })
}
