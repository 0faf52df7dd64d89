import type { Sql } from '../target.ts'
import { copyIn } from './copy-in.ts'
import { findRejecting, readRowRules, type ServerError } from './relaxations.ts'
import type { UnfilledTable } from './restore-faults.ts'
import {
  functionsIn,
  type Relaxation,
  type RestoreNeed,
  type Setting,
  settingsToTry,
  whereOf,
  withSettings,
} from './restore-needs.ts'
import type { TableOfDump } from './rows-of-dump.ts'
import type { TableRowsFile } from './table-rows-file.ts'

/** A table without its rows, and the errors of the attempts to copy them. */
interface EmptyTable extends TableOfDump {
  rows: TableRowsFile
  tries: Setting[][]
  /** What pg_restore reported. */
  reported: string
  /** With the settings of pg_restore, when it was tried first. */
  first: ServerError | null
  last: ServerError | null
  /** The rule that rejected a row at first, by its name in the catalogue. */
  rule: string | null
}

/** A table whose rows can't be restored. */
export interface RejectedRows extends TableOfDump {
  error: ServerError
  rule: string | null
}

/**
 * Copies rows that pg_restore could not, before the definitions that come after the rows. The server evaluates checks, domains, partition
 * keys and generated columns for each row, and pg_restore does so with an empty search path and in an order that knows no code. So each table is
 * tried with the settings of the source, and again when other tables are filled. At last a rule that rejects rows which the source has is set
 * aside for them.
 * @param given.settings those of the source
 * @param given.role whose name stands for `$user` in a search path
 * @param given.write makes the file of a table’s rows, null where the dump has none
 */
export async function fillTables(
  sql: Sql,
  given: {
    unfilled: UnfilledTable[]
    settings: Setting[]
    role: string
    write(table: TableOfDump): Promise<TableRowsFile | null>
  },
): Promise<{ needs: RestoreNeed[]; rejected: RejectedRows[] }> {
  const empty: EmptyTable[] = []
  const needs: RestoreNeed[] = []
  try {
    for (const table of await findEmptyTables(sql, given.unfilled)) {
      const rows = await given.write(table)
      const tries = await settingsToTry(sql, given, table.schema)
      if (rows !== null) empty.push({ ...table, rows, tries, first: null, last: null, rule: null })
    }
    let waiting = empty
    for (let before = -1; waiting.length > 0 && waiting.length !== before; ) {
      before = waiting.length
      waiting = await inRounds(sql, waiting, needs)
      const relaxed = await relaxOne(sql, waiting, needs)
      waiting = waiting.filter((table) => table !== relaxed)
    }
    return { needs, rejected: waiting.map(({ last, ...table }) => ({ ...table, error: last! })) }
  } finally {
    for (const { rows } of empty) rows.remove()
  }
}

/** A table whose COPY failed has no row, because the server takes all or none. */
async function findEmptyTables(
  sql: Sql,
  unfilled: UnfilledTable[],
): Promise<(TableOfDump & { reported: string })[]> {
  const errors = new Map(unfilled.map(({ table, error }) => [table, error]))
  const { rows } = await sql.query<TableOfDump & { id: string }>(
    `select n.nspname::text as schema, c.relname::text as table, pg_catalog.format('%I.%I', n.nspname, c.relname) as id
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and c.relname = any ($1) and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1, 2`,
    [[...errors.keys()]],
  )
  const empty: (TableOfDump & { reported: string })[] = []
  for (const { schema, table, id } of rows) {
    const found = await sql.query(`select from only ${id} limit 1`)
    if (found.rowCount === 0) empty.push({ schema, table, reported: errors.get(table)! })
  }
  return empty
}

/** Tries all tables until a round fills none. Returns those that remain. */
async function inRounds(sql: Sql, tables: EmptyTable[], needs: RestoreNeed[]): Promise<EmptyTable[]> {
  let waiting = tables
  for (let before = -1; waiting.length > 0 && waiting.length !== before; ) {
    before = waiting.length
    const remaining: EmptyTable[] = []
    for (const table of waiting) {
      const settings = await firstThatWorks(sql, table)
      if (settings === null) remaining.push(table)
      else needs.push(needOf(table, settings))
    }
    waiting = remaining
  }
  return waiting
}

async function firstThatWorks(sql: Sql, table: EmptyTable): Promise<Setting[] | null> {
  for (const settings of table.tries) {
    try {
      await withSettings(sql, settings, () => copyRows(sql, table))
      return settings
    } catch (error) {
      await noteError(sql, table, error as ServerError)
    }
  }
  return null
}

async function noteError(sql: Sql, table: EmptyTable, error: ServerError): Promise<void> {
  if (error.severity !== 'ERROR') throw error
  table.last = error
  if (table.first !== null) return
  table.first = error
  const rules = await readRowRules(sql, table.schema, table.table)
  table.rule = findRejecting(rules, error)?.objects.join(', ') ?? null
}

async function copyRows(sql: Sql, { rows }: EmptyTable): Promise<void> {
  if (rows.settings !== '') await sql.query(rows.settings.replaceAll(/^SET /gm, 'SET LOCAL '))
  await copyIn(sql, rows.statement, rows.rows())
  // What follows in the transaction is written by Cutter.
  await sql.query("set local client_encoding = 'UTF8'")
}

/** Fills the first table that can be filled without some of its rules, because others may only wait for it. */
async function relaxOne(
  sql: Sql,
  tables: EmptyTable[],
  needs: RestoreNeed[],
): Promise<EmptyTable | undefined> {
  for (const table of tables) {
    const settings = table.tries.find((one) => one.length > 0) ?? []
    try {
      const without = await withSettings(sql, settings, () => copyWithout(sql, table))
      needs.push({ ...needOf(table, settings), without })
      return table
    } catch (error) {
      await noteError(sql, table, error as ServerError)
    }
  }
  return undefined
}

async function copyWithout(sql: Sql, table: EmptyTable): Promise<Relaxation[]> {
  const path = await sql.query<{ path: string }>(`select pg_catalog.current_setting('search_path') as path`)
  const setPath = (value: string) =>
    sql.query('select pg_catalog.set_config($1, $2, true)', ['search_path', value])
  await setPath('pg_catalog, pg_temp')
  let rules = (await readRowRules(sql, table.schema, table.table)).filter(({ before }) => before.length > 0)
  const without: Relaxation[] = []
  for (;;) {
    await setPath(path.rows[0]!.path)
    await sql.query('savepoint cutter_rows')
    const error = await copyRows(sql, table).then(
      () => null,
      (reason: ServerError) => reason,
    )
    if (error === null) break
    if (error.severity !== 'ERROR') throw error
    await sql.query('rollback to savepoint cutter_rows')
    const rejecting = findRejecting(rules, error)
    if (rejecting === null) throw error
    const { objects, before, after } = rejecting
    await setPath('pg_catalog, pg_temp')
    for (const text of before) await sql.query(text)
    without.push({ objects, before, after })
    rules = rules.filter((rule) => rule !== rejecting)
  }
  await setPath('pg_catalog, pg_temp')
  for (const { after } of without) for (const text of after) await sql.query(text)
  return without
}

function needOf({ schema, table, reported, first, rule }: EmptyTable, settings: Setting[]): RestoreNeed {
  return {
    what: `rows of ${schema}.${table}`,
    because: first === null ? reported : `${first.message}${whereOf(functionsIn(first.where ?? ''), rule)}`,
    settings,
    table: { schema, table },
  }
}
