import { Stop } from '../../domain/errors.ts'
import { mayCount } from '../../migration/expected-count.ts'
import type { MigrationBundleSpec } from '../../migration/migration-bundle-spec.ts'
import type { RowChanges } from '../../migration/migration-outcome.ts'
import type { Sql } from '../../targets/target.ts'
import { changedColumns, type SavedRows, saveRows } from './changed-columns.ts'
import { readAtSavepoint } from './read-at-savepoint.ts'
import { rootOf, SCATTERED } from './scattered-partitions.ts'

/**
 * Measures how many rows a script changes, in two ways that must agree. One is the difference in the statistics of its own
 * transaction. The other counts the rows of the tables that are expected to change, which stay locked against other writers.
 */

const NONE: RowChanges = { inserted: 0, updated: 0, deleted: 0 }

interface Watched extends TableOfRows {
  table: string
  saved: SavedRows | null
}

/** A table whose rows are counted. */
interface TableOfRows {
  relation: string
  /** What a FROM or LOCK names: the table without those that inherit from it, or with the partitions among which its rows are scattered. */
  rows: string
}

/** What is known of the rows before the script. */
export interface RowsBefore {
  watched: Watched[]
  /** How many rows a table had. */
  counted: Map<string, number>
  statistics: Map<string, RowChanges>
}

/**
 * Prepares the measurement, before the script.
 * @param rewritten tables whose storage is replaced, as found by the rehearsal; null in the rehearsal itself, which counts all
 *   tables, because statistics do not include rows that disappear with their table's storage
 * @throws STOP_TARGET_REFUSED when the server does not count changed rows
 */
export async function watchRows(
  sql: Sql,
  { expect }: Pick<MigrationBundleSpec, 'expect'>,
  rewritten: string[] | null,
): Promise<RowsBefore> {
  await assertStatisticsOn(sql)
  const counted =
    rewritten === null ? await readAtSavepoint(sql, () => countAll(sql)) : new Map<string, number>()
  const watched: Watched[] = []
  const roots = await readRoots(sql)
  const names = new Set([
    ...Object.keys(expect.rows),
    ...(rewritten ?? []).map((table) => roots.get(table) ?? table),
  ])
  for (const [index, table] of [...names].entries()) {
    const found = await relationOf(sql, table)
    // The script creates this table.
    if (found === null) continue
    const { relation, rows } = found
    const updates = mayCount(expect.rows[table]?.updated ?? 0)
    await sql.query(`lock table ${rows} in share row exclusive mode`)
    counted.set(table, await countOf(sql, rows))
    const saved = updates ? await saveRows(sql, { relation, rows, name: `cutter_before_${index}` }) : null
    watched.push({ table, ...found, saved })
  }
  return { watched, counted, statistics: await readRowStatistics(sql) }
}

/**
 * Measures after the script. `rewritten` names the tables whose storage the script replaced: their missing rows count as deleted.
 * `columns` holds, per table with updated rows, in how many rows each existing column has another value; `values` how many distinct values
 * such a column had and has.
 * @throws STOP_RESULT_DIFFERS when the two measurements disagree
 */
export async function measureRowChanges(sql: Sql, before: RowsBefore, rewritten: string[]) {
  const rows = rowsSince(before.statistics, await readRowStatistics(sql))
  const columns: { [table: string]: { [column: string]: number } } = {}
  const values: DistinctValues = {}
  const roots = await readRoots(sql)
  const replaced = new Set(rewritten.map((table) => roots.get(table) ?? table))
  for (const [table, was] of before.counted) {
    const found = await relationOf(sql, table)
    if (found === null) continue
    const { inserted, updated, deleted } = rows[table] ?? NONE
    const grown = (await countOf(sql, found.rows)) - was
    if (grown === inserted - deleted) continue
    if (replaced.has(table)) {
      rows[table] = { inserted, updated, deleted: inserted - grown }
      continue
    }
    throw new Stop(
      'STOP_RESULT_DIFFERS',
      `table ${table} grew by ${grown} rows, but the statistics of the transaction report ${inserted} inserted and ${deleted} deleted; the transaction was rolled back`,
    )
  }
  for (const one of before.watched) {
    if (one.saved === null || (await relationOf(sql, one.table)) === null) continue
    const changed = await changedColumns(sql, one.saved, rows[one.table]?.deleted ?? 0)
    if (changed === null)
      throw new Stop(
        'STOP_REFUSED_INPUT',
        `table ${one.table} has neither a primary key nor a unique index over columns that are not null, and its rows have the same values in other combinations, so the columns that an update changes can’t be determined; the transaction was rolled back`,
        { next: 'give the table a primary key in a migration of its own' },
      )
    if (Object.keys(changed).length === 0) continue
    columns[one.table] = changed
    if ((before.counted.get(one.table) ?? 0) <= MOST_COUNTED)
      values[one.table] = await countDistinct(sql, one.saved, Object.keys(changed))
  }
  return { rows, columns, values }
}

/** By table and column: the number of distinct values before and after. A table with very many rows is left out. */
export interface DistinctValues {
  [table: string]: { [column: string]: { before: number; after: number } }
}

/** Counting sorts all rows of a table while it is locked. */
const MOST_COUNTED = 100_000

async function countDistinct(
  sql: Sql,
  { name: saved, rows: source }: SavedRows,
  columns: string[],
): Promise<DistinctValues[string]> {
  const { rows } = await sql.query<{ name: string; before: number; after: number }>(
    `select k.name, (select count(distinct b.row -> k.name)::int from pg_temp.${saved} b) as before,
       (select count(distinct to_jsonb(t.*) -> k.name)::int from ${source} t) as after
     from unnest($1::text[]) as k (name) order by 1`,
    [columns],
  )
  return Object.fromEntries(rows.map(({ name, ...counts }) => [name, counts]))
}

async function assertStatisticsOn(sql: Sql): Promise<void> {
  const { rows } = await sql.query<{ on: boolean }>(`select current_setting('track_counts')::bool as on`)
  if (rows[0]!.on) return
  throw new Stop(
    'STOP_TARGET_REFUSED',
    'the server counts no changed rows (track_counts is off); the transaction was rolled back',
    {
      next: 'set track_counts = on, then resume the run',
    },
  )
}

async function relationOf(sql: Sql, table: string): Promise<TableOfRows | null> {
  const { rows } = await sql.query<TableOfRows>(
    `with recursive ${SCATTERED}
     select t.relation, case when exists (select from scattered s where s.root = t.oid) then t.relation else 'only ' || t.relation end as rows
     from (select c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) as relation from pg_catalog.pg_class c
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname || '.' || c.relname = $1 and c.relkind in ('r', 'p') and n.nspname !~ '^pg_') t`,
    [table],
  )
  return rows[0] ?? null
}

/** By partition: the table that scatters its rows. */
async function readRoots(sql: Sql): Promise<Map<string, string>> {
  const { rows } = await sql.query<{ table: string; root: string }>(
    `with recursive ${SCATTERED}
     select n.nspname || '.' || c.relname as table, ${rootOf('c.oid')} as root from pg_catalog.pg_class c
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid in (select oid from scattered)`,
  )
  return new Map(rows.map(({ table, root }) => [table, root]))
}

async function countOf(sql: Sql, source: string): Promise<number> {
  const { rows } = await sql.query<{ n: string }>(`select count(*) as n from ${source}`)
  return Number(rows[0]!.n)
}

async function countAll(sql: Sql): Promise<Map<string, number>> {
  const { rows } = await sql.query<{ table: string; relation: string }>(
    `with recursive ${SCATTERED}
     select coalesce(${rootOf('c.oid')}, n.nspname || '.' || c.relname) as table, pg_catalog.format('%I.%I', n.nspname, c.relname) as relation
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`,
  )
  const counted = new Map<string, number>()
  for (const { table, relation } of rows)
    counted.set(table, (counted.get(table) ?? 0) + (await countOf(sql, `only ${relation}`)))
  return counted
}

/** How often rows were changed. */
interface CountedChanges extends RowChanges {
  /** Whether a row that moves to another partition counts as deleted there and inserted here. */
  scattered: boolean
}

/** The rows that the current transaction has changed so far, by table. */
export async function readRowStatistics(sql: Sql): Promise<Map<string, CountedChanges>> {
  const { rows } = await sql.query<CountedChanges & { table: string }>(
    `with recursive ${SCATTERED}
     select coalesce(${rootOf('relid')}, schemaname || '.' || relname) as table, pg_catalog.sum(n_tup_ins)::int as inserted,
       pg_catalog.sum(n_tup_upd)::int as updated, pg_catalog.sum(n_tup_del)::int as deleted, relid in (select oid from scattered) as scattered
     from pg_catalog.pg_stat_xact_all_tables
     where schemaname <> 'information_schema' and (schemaname !~ '^pg_' or relname in ('pg_largeobject', 'pg_largeobject_metadata'))
     group by 1, 5`,
  )
  return new Map(rows.map(({ table, ...changes }) => [table, changes]))
}

/** The rows that were changed between two readings, by table. */
export function rowsSince(before: Map<string, RowChanges>, after: Map<string, CountedChanges>) {
  const changes: { [table: string]: RowChanges } = {}
  for (const [table, { inserted, updated, deleted, scattered }] of [...after].sort(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    const was = before.get(table) ?? NONE
    const [more, fewer] = [inserted - was.inserted, deleted - was.deleted]
    // Which updates move a row depends on object ids, so a row for another counts as an update in any case.
    const moved = scattered ? Math.min(more, fewer) : 0
    const since = {
      inserted: more - moved,
      updated: updated - was.updated + moved,
      deleted: fewer - moved,
    }
    if (since.inserted !== 0 || since.updated !== 0 || since.deleted !== 0) changes[table] = since
  }
  return changes
}
