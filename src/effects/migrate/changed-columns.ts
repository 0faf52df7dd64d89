import type { Sql } from '../../targets/target.ts'

/** The rows of a table before a script, in a temporary table of the transaction. */
export interface SavedRows {
  /** The name of the temporary table. */
  name: string
  /** What a FROM names. */
  rows: string
  /** The columns by which a row is found again; empty where nothing tells the rows of the table apart. */
  key: string[]
}

/** Saves the rows of a table that may be updated. `relation`: its name in SQL. */
export async function saveRows(
  sql: Sql,
  { relation, rows, name }: { relation: string; rows: string; name: string },
): Promise<SavedRows> {
  const key = await keyOf(sql, relation)
  await sql.query(
    `create temporary table ${name} on commit drop as
     select ${keyValue(key)} as key, to_jsonb(t.*) as row from ${rows} t`,
  )
  return { name, rows, key }
}

/** The columns of the primary key, else of a unique index that tells all rows apart. */
async function keyOf(sql: Sql, relation: string): Promise<string[]> {
  const { rows } = await sql.query<{ names: string[] }>(
    `select array_agg(a.attname::text order by a.attnum) as names
     from pg_catalog.pg_index i join pg_catalog.pg_attribute a
       on a.attrelid = i.indrelid and a.attnum = any (i.indkey[0:i.indnkeyatts - 1])
     where i.indrelid = $1::regclass and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null
     group by i.indexrelid, i.indisprimary having bool_and(a.attnotnull)
     order by i.indisprimary desc, count(*), 1 limit 1`,
    [relation],
  )
  return rows[0]?.names ?? []
}

const keyValue = (columns: string[]) =>
  `jsonb_build_array(${columns.map((name) => `to_jsonb(t.*) -> ${literal(name)}`).join(', ')})`
const literal = (text: string) => `E'${text.replace(/[\\']/g, (sign) => `\\${sign}`)}'`

/**
 * Counts, by existing column, the rows that have another value now. JSON is compared and not the columns themselves, so that the saved rows
 * do not prevent a change of a column's type. A value that is part of the key, or of a row that nothing tells apart, counts when it is gone.
 * @param deleted the number of rows that the script deleted, whose values are gone as well
 * @returns null when rows that nothing tells apart changed, and each column has the values that it had
 */
export async function changedColumns(
  sql: Sql,
  saved: SavedRows,
  deleted: number,
): Promise<{ [column: string]: number } | null> {
  const { name, rows: source, key } = saved
  const { rows } =
    key.length === 0
      ? { rows: [] }
      : await sql.query<{ name: string; n: number }>(
          `select k.name, count(*)::int as n
           from pg_temp.${name} b join (select ${keyValue(key)} as key, to_jsonb(t.*) as row from ${source} t) a using (key)
             cross join lateral jsonb_object_keys(b.row) k (name)
           where a.row ? k.name and (a.row -> k.name) is distinct from (b.row -> k.name)
           group by k.name`,
        )
  const gone = await goneValues(sql, saved, deleted)
  const changed = [...rows, ...gone].sort((a, b) => (a.name < b.name ? -1 : 1))
  if (changed.length === 0 && key.length === 0 && (await goneRows(sql, saved)) > deleted) return null
  return Object.fromEntries(changed.map((one) => [one.name, one.n]))
}

/** How many values of a column are gone. */
async function goneValues(sql: Sql, { name, rows: source, key }: SavedRows, deleted: number) {
  const { rows } = await sql.query<{ name: string; n: number }>(
    `select k.name, g.n from (select jsonb_object_keys(b.row) as name from (select row from pg_temp.${name} limit 1) b) k
       cross join lateral (select count(*)::int - $2::int as n from
         (select b.row -> k.name from pg_temp.${name} b except all select to_jsonb(t.*) -> k.name from ${source} t) gone) g
     where (cardinality($1::text[]) = 0 or k.name = any ($1)) and g.n > 0
       and exists (select from (select to_jsonb(t.*) as row from ${source} t limit 1) a where a.row ? k.name)`,
    [key, deleted],
  )
  return rows
}

/** How many rows are gone, by the columns that are there before and after. */
async function goneRows(sql: Sql, { name, rows: source }: SavedRows): Promise<number> {
  const { rows } = await sql.query<{ n: number }>(
    `with was as (select jsonb_object_keys(b.row) as name from (select row from pg_temp.${name} limit 1) b),
       now as (select jsonb_object_keys(to_jsonb(a.*)) as name from (select t.* from ${source} t limit 1) a),
       other as (select coalesce(array_agg(name), '{}') as names from
         (select coalesce(was.name, now.name) as name from was full join now using (name) where was.name is null or now.name is null) each)
     select count(*)::int as n from
       (select b.row - other.names from pg_temp.${name} b, other except all select to_jsonb(t.*) - other.names from ${source} t, other) gone`,
  )
  return rows[0]!.n
}
