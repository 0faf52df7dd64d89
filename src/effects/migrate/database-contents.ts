import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { memberOfExtension } from './read-catalogue.ts'
import { type RowSum, type RowSummer, type SumKind, sumRows } from './row-sums.ts'
import { rootOf, SCATTERED } from './scattered-partitions.ts'

/** What is in a database: counts and sums of its rows. */
export interface DatabaseContents {
  /** How the sums are made. The first versions had the server hash the text of each row, and did not record it. */
  sums?: SumKind
  tables: { [table: string]: RowSum }
  /**
   * The names among them of partitioned tables whose rows are summed up together and without their order, because a restored database has them in
   * other partitions: see `SCATTERED`. Left out where there is none.
   */
  roots?: string[]
  largeObjects: { objects: number; sum: string }
}

/**
 * Reads all tables except those of extensions. A sum hashes each row's text, so every value counts. Materialized views and generated
 * columns are left out, because the server computes them from tables. A table is read from its first page, so that rows which a dump
 * brought into a new table come in the order of the dump.
 *
 * COPY reads a table without a plan. A SELECT would run code of whoever may create a table: the planner evaluates constant functions
 * in the predicates, expressions and statistics of indexes, and a cast of a row to text may be one of the table's owner.
 * `progress` is called with a sentence for each table.
 * @param kind how rows are summed up: as of a backup with which they are compared
 * @param isRead whether the rows of a table are read
 * @param isRoot whether the rows of a partitioned table that scatters them are summed up together
 */
export async function readDatabaseContents(
  sql: Sql,
  { copyOut }: Pick<MigrationDatabase, 'copyOut'>,
  progress: (text: string) => void,
  kind: SumKind = 'ordered',
  isRead: (name: string) => boolean = () => true,
  isRoot: (name: string) => boolean = () => true,
): Promise<DatabaseContents> {
  await sql.query('set local synchronize_seqscans = off')
  const found = (await readRelations(sql)).filter(({ name }) => isRead(name))
  const tables: DatabaseContents['tables'] = {}
  const roots = new Map<string, RowSummer>()
  for (const { name, relation, root } of found) {
    progress(`reading ${name}`)
    const together = root !== null && isRoot(root)
    const sum = together ? (roots.get(root) ?? sumRows('copy')) : sumRows(kind)
    await copyOut(sql, `copy ${relation} to stdout`, (row) => sum.add(row))
    if (together) roots.set(root, sum)
    else tables[name] = sum.result()
  }
  for (const [name, sum] of roots) tables[name] = sum.result()
  const { rows } = await sql.query<DatabaseContents['largeObjects']>(LARGE_OBJECTS)
  const together = roots.size === 0 ? {} : { roots: [...roots.keys()].sort() }
  return { sums: kind, tables, ...together, largeObjects: rows[0]! }
}

/**
 * Lists the tables, each with the text that COPY reads. Rows that a policy hides are an error from then on and are not left out, and names
 * in values do not depend on the search path.
 */
export async function readRelations(sql: Sql): Promise<FoundRelation[]> {
  await sql.query('set local row_security = off')
  await sql.query('set local search_path = pg_catalog, pg_temp')
  const { rows } = await sql.query<FoundRelation>(TABLES)
  return rows
}

interface FoundRelation {
  name: string
  relation: string
  schema: string
  table: string
  /** The partitioned table that scatters its rows, or null. */
  root: string | null
}

/** A table with its columns in a fixed order, because a restored table that inherits may have another. */
const TABLES = `
  with recursive ${SCATTERED}
  select ${rootOf('c.oid')} as root, n.nspname || '.' || c.relname as name, n.nspname::text as schema, c.relname::text as "table", format('%I.%I', n.nspname, c.relname) || coalesce((
      select '(' || string_agg(quote_ident(a.attname), ', ' order by a.attname) || ')' from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''), '') as relation
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not ${memberOfExtension('pg_class', 'c.oid', 'c.relowner')}
  order by name`

/** In pieces of 4 MiB, because a large object may exceed the size limit of a value. */
const LARGE_OBJECTS = `
  with recursive pieces as (
    select oid, 0::bigint as at, lo_get(oid, 0, 4194304) as bytes from pg_largeobject_metadata
    union all
    select oid, at + 4194304, lo_get(oid, at + 4194304, 4194304) from pieces where octet_length(bytes) = 4194304
  )
  select count(distinct oid)::int as objects,
    coalesce(sum(hashtextextended(oid || ' ' || at || ' ' || encode(sha256(bytes), 'hex'), 0)::numeric), 0)::text as sum
  from pieces`

/** Reads what a backup holds out of a restored copy, summed up as it was there. */
export const readContentsLike = (
  sql: Sql,
  copy: Pick<MigrationDatabase, 'copyOut'>,
  progress: (text: string) => void,
  { contents, without = [] }: { contents: DatabaseContents; without?: string[] },
): Promise<DatabaseContents> =>
  readDatabaseContents(
    sql,
    copy,
    progress,
    contents.sums ?? 'copy',
    (name) => !without.includes(name),
    (name) => contents.roots?.includes(name) === true,
  )

/** The tables with as many rows, in another order or with other values. */
export const findReordered = (source: DatabaseContents, restored: DatabaseContents): string[] =>
  source.sums !== 'ordered' || restored.sums !== 'ordered'
    ? []
    : Object.entries(restored.tables).flatMap(([name, is]) => {
        const was = source.tables[name]
        const isOrdered = source.roots?.includes(name) !== true
        return isOrdered && was !== undefined && was.rows === is.rows && was.sum !== is.sum ? [name] : []
      })

/**
 * Returns a line for each difference between what was backed up and what was restored.
 * @param reordered tables whose rows are the same in another order
 */
export function compareContents(
  source: DatabaseContents,
  restored: DatabaseContents,
  reordered: string[] = [],
): string[] {
  // Other sums can't be compared. Those of earlier versions include materialized views.
  const isSame = source.sums === restored.sums
  const names = isSame
    ? [...new Set([...Object.keys(source.tables), ...Object.keys(restored.tables)])].sort()
    : Object.keys(restored.tables)
  const lines = names.flatMap((name) => {
    const was = source.tables[name]
    const is = restored.tables[name]
    if (was === undefined) return [`table ${name} exists in the rehearsal database only`]
    if (is === undefined) return [`table ${name} is missing from the rehearsal database`]
    if (was.rows !== is.rows)
      return [`table ${name} has ${is.rows} rows in the rehearsal database, ${was.rows} in the source`]
    return was.sum === is.sum || !isSame || reordered.includes(name)
      ? []
      : [`table ${name} has other values in the rehearsal database`]
  })
  const was = source.largeObjects
  const is = restored.largeObjects
  if (was.objects !== is.objects)
    lines.push(`the rehearsal database has ${is.objects} large objects, the source ${was.objects}`)
  else if (was.sum !== is.sum) lines.push('a large object has other bytes in the rehearsal database')
  return lines
}
