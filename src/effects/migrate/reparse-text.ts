import type { Sql } from '../../targets/target.ts'

/**
 * PostgreSQL keeps expressions and queries as trees and writes them as text on demand. That text is not stable: parsed again it may give
 * another tree with the same meaning, whose text is another one, until two readings agree. Each function here parses a text as a part
 * of an object that holds no rows and is undone again, and returns the reading that no longer changes.
 *
 * @throws Error with the fields of the server when it rejects a text, Error when the readings do not come to rest
 */

const MOST_READINGS = 8

/** Parses a query as the definition of a view, which executes nothing. */
export const reparseQuery = (sql: Sql, text: string): Promise<string> =>
  untilStable(text, (query) =>
    atSavepoint(sql, async () => {
      await execute(sql, `create temp view cutter_reparsed as ${query.replace(/;\s*$/, '')}`)
      return readText(sql, `pg_get_viewdef('pg_temp.cutter_reparsed'::regclass)`)
    }),
  )

/** Parses an expression over the rows of `from`, an item of a FROM list. */
export const reparseExpression = (sql: Sql, text: string, from: string): Promise<string> =>
  reparseQuery(sql, `select (${text}) as cutter_value from ${from}`)

/**
 * Parses what follows ` ON table ` in the definition of an index, on an empty table with the same columns.
 * @param relation quoted
 */
export const reparseIndex = (
  sql: Sql,
  { text, unique }: { text: string; unique: boolean },
  relation: string,
): Promise<string> =>
  untilStable(text, (part) =>
    atSavepoint(sql, async () => {
      await execute(sql, `create temp table cutter_reparsed (like ${relation})`)
      const kind = unique ? 'unique index' : 'index'
      await execute(sql, `create ${kind} cutter_index on pg_temp.cutter_reparsed ${part}`)
      const read = await readText(sql, `pg_get_indexdef('pg_temp.cutter_index'::regclass)`)
      return read.replace(/^.*? ON pg_temp(?:_\d+)?\.cutter_reparsed /, '')
    }),
  )

/** Parses the definition of an exclusion constraint, on an empty table with the same columns. */
export const reparseExclusion = (sql: Sql, text: string, relation: string): Promise<string> =>
  untilStable(text, (part) =>
    atSavepoint(sql, async () => {
      await execute(sql, `create temp table cutter_reparsed (like ${relation})`)
      await execute(sql, `alter table pg_temp.cutter_reparsed add constraint cutter_constraint ${part}`)
      return readText(
        sql,
        `(select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'pg_temp.cutter_reparsed'::regclass and contype = 'x')`,
      )
    }),
  )

/** Parses the key of a partitioned table, on an empty table with the same columns. */
export const reparsePartitionKey = (sql: Sql, text: string, relation: string): Promise<string> =>
  untilStable(text, (part) =>
    atSavepoint(sql, async () => {
      await execute(sql, `create temp table cutter_reparsed (like ${relation}) partition by ${part}`)
      return readText(sql, `pg_get_partkeydef('pg_temp.cutter_reparsed'::regclass)`)
    }),
  )

/**
 * Runs the definition of an object that holds no rows, in the place of the object itself.
 * @param drop the statement that drops the object, or null where the definition replaces it
 * @param read an expression of SQL that reads the definition
 */
export const reparseObject = (
  sql: Sql,
  text: string,
  { drop, read }: { drop: string | null; read: string },
): Promise<string> =>
  untilStable(text, (definition) =>
    atSavepoint(sql, async () => {
      if (drop !== null) await execute(sql, drop)
      await execute(sql, definition)
      return readText(sql, read)
    }),
  )

async function untilStable(text: string, parse: (text: string) => Promise<string>): Promise<string> {
  let reading = await parse(text)
  for (let count = 1; count < MOST_READINGS; count += 1) {
    const next = await parse(reading)
    if (next === reading) return reading
    reading = next
  }
  throw new Error('its text changes each time that it is parsed')
}

async function atSavepoint<T>(sql: Sql, work: () => Promise<T>): Promise<T> {
  await sql.query('savepoint cutter_reparse')
  try {
    return await work()
  } finally {
    await sql.query('rollback to savepoint cutter_reparse; release savepoint cutter_reparse')
  }
}

/** The extended protocol takes one statement, so that no text can end the definition and begin another statement. */
const execute = (sql: Sql, text: string) => sql.query({ text, queryMode: 'extended' } as { text: string })

async function readText(sql: Sql, expression: string): Promise<string> {
  const { rows } = await sql.query<{ text: string }>(`select ${expression} as text`)
  return rows[0]!.text
}
