import { hash } from 'node:crypto'
import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { memberOfExtension } from './read-catalogue.ts'

/** What is in a database: counts and sums of its rows, which do not depend on their order. */
export interface DatabaseContents {
  /** How the sums are made. Earlier versions had the server hash the text of each row, and did not record it. */
  sums?: 'copy'
  tables: { [table: string]: { rows: string; sum: string } }
  largeObjects: { objects: number; sum: string }
}

/**
 * Reads all tables except those of extensions. A sum hashes each row's text, so every value counts. Materialized views and generated
 * columns are left out, because the server computes them from tables.
 *
 * COPY reads a table without a plan. A SELECT would run code of whoever may create a table: the planner evaluates constant functions
 * in the predicates, expressions and statistics of indexes, and a cast of a row to text may be one of the table's owner.
 * `progress` is called with a sentence for each table.
 */
export async function readDatabaseContents(
  sql: Sql,
  { copyOut }: Pick<MigrationDatabase, 'copyOut'>,
  progress: (text: string) => void,
): Promise<DatabaseContents> {
  // Rows that a policy hides must be an error and not be left out. The fixed search path makes names in values portable.
  await sql.query('set local row_security = off')
  await sql.query('set local search_path = pg_catalog, pg_temp')
  const { rows: found } = await sql.query<{ name: string; relation: string }>(TABLES)
  const tables: DatabaseContents['tables'] = {}
  for (const { name, relation } of found) {
    progress(`reading ${name}`)
    const sum = new SumOfRows()
    await copyOut(sql, `copy ${relation} to stdout`, (row) => sum.add(row))
    tables[name] = sum.result()
  }
  const { rows } = await sql.query<DatabaseContents['largeObjects']>(LARGE_OBJECTS)
  return { sums: 'copy', tables, largeObjects: rows[0]! }
}

/** Adds up the first 128 bits of each row's SHA-256. */
class SumOfRows {
  #rows = 0
  #sum = 0n

  add(row: Buffer): void {
    const digest = hash('sha256', row, 'buffer')
    this.#rows += 1
    this.#sum += (digest.readBigUInt64BE(0) << 64n) | digest.readBigUInt64BE(8)
  }

  result(): { rows: string; sum: string } {
    return { rows: String(this.#rows), sum: BigInt.asUintN(128, this.#sum).toString(16) }
  }
}

/** A table with its columns in a fixed order, because a restored table that inherits may have another. */
const TABLES = `
  select n.nspname || '.' || c.relname as name, format('%I.%I', n.nspname, c.relname) || coalesce((
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

/** Returns a line for each difference between what was backed up and what was restored. */
export function compareContents(source: DatabaseContents, restored: DatabaseContents): string[] {
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
    return was.sum === is.sum || !isSame ? [] : [`table ${name} has other values in the rehearsal database`]
  })
  const was = source.largeObjects
  const is = restored.largeObjects
  if (was.objects !== is.objects)
    lines.push(`the rehearsal database has ${is.objects} large objects, the source ${was.objects}`)
  else if (was.sum !== is.sum) lines.push('a large object has other bytes in the rehearsal database')
  return lines
}
