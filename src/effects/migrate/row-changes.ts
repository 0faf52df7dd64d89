import { Stop } from '../../domain/errors.ts'
import { mayCount } from '../../migration/expected-count.ts'
import type { MigrationBundleSpec } from '../../migration/migration-bundle-spec.ts'
import type { RowChanges } from '../../migration/migration-outcome.ts'
import type { Sql } from '../../targets/target.ts'
import { readAtSavepoint } from './read-at-savepoint.ts'

/**
 * Measures how many rows a script changes, in two ways that must agree. One is the difference in the statistics of its own
 * transaction. The other counts the rows of the tables that are expected to change, which stay locked against other writers.
 */

const NONE: RowChanges = { inserted: 0, updated: 0, deleted: 0 }

interface Watched {
  table: string
  relation: string
  /** The temporary table that keeps the rows of a table before they are updated. */
  saved: string | null
  key: string[]
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
 * @throws STOP_REFUSED_INPUT when a table whose rows are updated has no primary key
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
  const names = new Set([...Object.keys(expect.rows), ...(rewritten ?? [])])
  for (const [index, table] of [...names].entries()) {
    const relation = await relationOf(sql, table)
    // The script creates this table.
    if (relation === null) continue
    const updates = mayCount(expect.rows[table]?.updated ?? 0)
    await sql.query(`lock table only ${relation} in share row exclusive mode`)
    counted.set(table, await countOf(sql, relation))
    const key = updates ? await primaryKey(sql, table, relation) : []
    const saved = updates ? `cutter_before_${index}` : null
    if (saved !== null) {
      await sql.query(
        `create temporary table ${saved} on commit drop as
         select ${keyOf(key)} as key, to_jsonb(t.*) as row from only ${relation} t`,
      )
    }
    watched.push({ table, relation, saved, key })
  }
  return { watched, counted, statistics: await statisticsOf(sql) }
}

/**
 * Measures after the script. `rewritten` names the tables whose storage the script replaced: their missing rows count as deleted.
 * `columns` holds, per table with updated rows, in how many rows each existing column has another value; `values` how many distinct values
 * such a column had and has.
 * @throws STOP_RESULT_DIFFERS when the two measurements disagree
 */
export async function measureRowChanges(sql: Sql, before: RowsBefore, rewritten: string[]) {
  const rows = differenceOf(before.statistics, await statisticsOf(sql))
  const columns: { [table: string]: { [column: string]: number } } = {}
  const values: DistinctValues = {}
  for (const [table, was] of before.counted) {
    const relation = await relationOf(sql, table)
    if (relation === null) continue
    const { inserted, updated, deleted } = rows[table] ?? NONE
    const grown = (await countOf(sql, relation)) - was
    if (grown === inserted - deleted) continue
    if (rewritten.includes(table)) {
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
    const changed = await changedColumns(sql, one)
    if (Object.keys(changed).length === 0) continue
    columns[one.table] = changed
    if ((before.counted.get(one.table) ?? 0) <= MOST_COUNTED)
      values[one.table] = await countDistinct(sql, one, Object.keys(changed))
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
  { saved, relation }: Watched,
  columns: string[],
): Promise<DistinctValues[string]> {
  const { rows } = await sql.query<{ name: string; before: number; after: number }>(
    `select k.name, (select count(distinct b.row -> k.name)::int from pg_temp.${saved} b) as before,
       (select count(distinct to_jsonb(t.*) -> k.name)::int from only ${relation} t) as after
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

async function relationOf(sql: Sql, table: string): Promise<string | null> {
  const { rows } = await sql.query<{ relation: string }>(
    `select format('%I.%I', n.nspname, c.relname) as relation from pg_catalog.pg_class c
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname || '.' || c.relname = $1 and c.relkind in ('r', 'p') and n.nspname !~ '^pg_'`,
    [table],
  )
  return rows[0]?.relation ?? null
}

async function countOf(sql: Sql, relation: string): Promise<number> {
  const { rows } = await sql.query<{ n: string }>(`select count(*) as n from only ${relation}`)
  return Number(rows[0]!.n)
}

async function countAll(sql: Sql): Promise<Map<string, number>> {
  const { rows } = await sql.query<{ table: string; relation: string }>(
    `select n.nspname || '.' || c.relname as table, format('%I.%I', n.nspname, c.relname) as relation
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`,
  )
  const counted = new Map<string, number>()
  for (const { table, relation } of rows) counted.set(table, await countOf(sql, relation))
  return counted
}

async function primaryKey(sql: Sql, table: string, relation: string): Promise<string[]> {
  const { rows } = await sql.query<{ name: string }>(
    `select a.attname as name from pg_catalog.pg_index i
       join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
     where i.indrelid = $1::regclass and i.indisprimary order by a.attnum`,
    [relation],
  )
  if (rows.length > 0) return rows.map(({ name }) => name)
  throw new Stop(
    'STOP_REFUSED_INPUT',
    `table ${table} has no primary key, so the columns that an update changes can’t be determined; the transaction was rolled back`,
    { next: 'give the table a primary key in a migration of its own' },
  )
}

const keyOf = (columns: string[]) =>
  `jsonb_build_array(${columns.map((name) => `to_jsonb(t.*) -> ${literal(name)}`).join(', ')})`
const literal = (text: string) => `E'${text.replace(/[\\']/g, (sign) => `\\${sign}`)}'`

/** Compares JSON and not the columns themselves, so that the saved rows do not prevent a change of a column's type. */
async function changedColumns(
  sql: Sql,
  { saved, relation, key }: Watched,
): Promise<{ [column: string]: number }> {
  const { rows } = await sql.query<{ name: string; n: number }>(
    `select k.name, count(*)::int as n
     from pg_temp.${saved} b join (select ${keyOf(key)} as key, to_jsonb(t.*) as row from only ${relation} t) a using (key)
       cross join lateral jsonb_object_keys(b.row) k (name)
     where a.row ? k.name and (a.row -> k.name) is distinct from (b.row -> k.name)
     group by k.name order by k.name`,
  )
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]))
}

async function statisticsOf(sql: Sql): Promise<Map<string, RowChanges>> {
  const { rows } = await sql.query<RowChanges & { table: string }>(
    `select schemaname || '.' || relname as table, n_tup_ins::int as inserted, n_tup_upd::int as updated, n_tup_del::int as deleted
     from pg_catalog.pg_stat_xact_all_tables
     where schemaname <> 'information_schema' and (schemaname !~ '^pg_' or relname in ('pg_largeobject', 'pg_largeobject_metadata'))`,
  )
  return new Map(rows.map(({ table, ...changes }) => [table, changes]))
}

function differenceOf(before: Map<string, RowChanges>, after: Map<string, RowChanges>) {
  const changes: { [table: string]: RowChanges } = {}
  for (const [table, { inserted, updated, deleted }] of [...after].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const was = before.get(table) ?? NONE
    const since = {
      inserted: inserted - was.inserted,
      updated: updated - was.updated,
      deleted: deleted - was.deleted,
    }
    if (since.inserted !== 0 || since.updated !== 0 || since.deleted !== 0) changes[table] = since
  }
  return changes
}
