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
 * Parses what follows ` ON table ` in the definition of an index, on a relation of the same name and columns that holds no rows.
 * @param relation quoted
 */
export const reparseIndex = (
  sql: Sql,
  { text, unique }: { text: string; unique: boolean },
  relation: string,
): Promise<string> =>
  untilStable(text, (part) =>
    atSavepoint(sql, async () => {
      const { only, empty } = await emptyRelation(sql, relation)
      const kind = unique ? 'unique index' : 'index'
      await execute(sql, `create ${kind} cutter_index on ${only}${empty} ${part}`)
      const read = await readText(
        sql,
        `(select pg_get_indexdef(c.oid) from pg_index i join pg_class c on c.oid = i.indexrelid
          where i.indrelid = ${literal(empty)}::regclass and c.relname = 'cutter_index')`,
      )
      return read.replace(ON_RELATION, '')
    }),
  )

const NAME = '(?:"(?:[^"]|"")*"|[^".\\s]+)'
const ON_RELATION = new RegExp(`^CREATE (?:UNIQUE )?INDEX cutter_index ON (?:ONLY )?${NAME}\\.${NAME} `)

/** Parses the definition of an exclusion constraint, on a relation of the same name and columns that holds no rows. */
export const reparseExclusion = (sql: Sql, text: string, relation: string): Promise<string> =>
  untilStable(text, (part) =>
    atSavepoint(sql, async () => {
      const { only, empty } = await emptyRelation(sql, relation)
      await execute(sql, `alter table ${only}${empty} add constraint cutter_constraint ${part}`)
      return readText(
        sql,
        `(select pg_get_constraintdef(oid) from pg_constraint where conrelid = ${literal(empty)}::regclass and conname = 'cutter_constraint')`,
      )
    }),
  )

/** Parses the key of a partitioned table, on an empty table of the same name and columns. */
export const reparsePartitionKey = (sql: Sql, text: string, relation: string): Promise<string> =>
  untilStable(text, (part) =>
    atSavepoint(sql, async () => {
      const empty = inTemporary(relation)
      await execute(sql, `create temp table ${empty} (like ${relation}) partition by ${part}`)
      return readText(sql, `pg_get_partkeydef(${literal(empty)}::regclass)`)
    }),
  )

const inTemporary = (relation: string) => `pg_temp.${new RegExp(`${NAME}$`).exec(relation)![0]}`

/**
 * Makes a relation that holds no rows, on which a part of another can be defined: a text that uses a row as one value names the relation, and
 * may give the row to a function, which takes rows of that relation and of those that inherit from it.
 * @returns its name, and what a definition writes before it
 */
async function emptyRelation(sql: Sql, relation: string): Promise<{ only: string; empty: string }> {
  const { rows } = await sql.query<{ kind: string; parent: string | null }>(
    `select c.relkind as kind, (select format('%I.%I', n.nspname, p.relname) from pg_inherits i join pg_class p on p.oid = i.inhparent
       join pg_namespace n on n.oid = p.relnamespace where i.inhrelid = c.oid and c.relispartition) as parent
     from pg_class c where c.oid = $1::regclass`,
    [relation],
  )
  const { kind, parent } = rows[0]!
  // A partitioned table has no rows of its own.
  if (kind === 'p') return { only: 'only ', empty: relation }
  if (kind === 'm') {
    await execute(sql, `refresh materialized view ${relation} with no data`)
    return { only: '', empty: relation }
  }
  // Nothing inherits from a partition.
  if (parent !== null) await execute(sql, `alter table ${parent} detach partition ${relation}`)
  const empty = inTemporary(relation)
  await execute(sql, `create temp table ${empty} () inherits (${relation})`)
  return { only: '', empty }
}

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

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
