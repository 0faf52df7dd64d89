import type { RowChanges } from '../../migration/migration-outcome.ts'
import type { Sql } from '../../targets/target.ts'

/**
 * What a part of a transaction did to relations, by the server's own records. The script may have set another role and search path, so the
 * queries name schemas and use no operators.
 */
export interface MeasuredWork {
  /** The strongest new lock on each relation that the script did not make, such as `AccessExclusiveLock`. It is held until the transaction ends. */
  locks: { [relation: string]: string }
  /** Relations that existed before and whose storage was replaced: rewritten or truncated. */
  rewrites: string[]
  /** Rows that were read by scans of complete relations. */
  scanned: { [relation: string]: number }
  /** Changed rows by table. */
  rows: { [table: string]: RowChanges }
}

/** What the server records of the current transaction, by the ids of relations. */
export interface RecordedWork {
  /** The modes of all locks. */
  locks: Map<string, Set<string>>
  /** The id of the storage. */
  storage: Map<string, string>
  /** Rows that were read, inserted, updated and deleted. */
  counted: Map<string, number[]>
  /** The names of relations. */
  names: Map<string, string>
}

/** The modes of locks on relations, from the weakest: https://www.postgresql.org/docs/current/explicit-locking.html */
const MODES = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
]

/** Reads the names of all relations of the application that others can wait for, by their ids. */
export async function readRelationNames(sql: Sql): Promise<Map<string, string>> {
  const { rows } = await sql.query<{ id: string; name: string }>(
    `select c.oid::text as id, n.nspname || '.' || c.relname as name from pg_catalog.pg_class c
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`,
  )
  return new Map(rows.map(({ id, name }) => [id, name]))
}

/**
 * Reads what the current transaction has done so far.
 * @param others ids of relations to read besides those that the transaction has locked
 */
export async function readWork(sql: Sql, others: string[] = []): Promise<RecordedWork> {
  const held = await sql.query<{ pid: number; own: number; kind: string; id: string | null; mode: string }>(
    `select l.pid, pg_catalog.pg_backend_pid() as own, l.locktype as kind, l.relation::pg_catalog.text as id, l.mode
     from pg_catalog.pg_locks l`,
  )
  const locks = new Map<string, Set<string>>()
  for (const { pid, own, kind, id, mode } of held.rows) {
    if (pid !== own || kind !== 'relation' || id === null) continue
    locks.set(id, (locks.get(id) ?? new Set()).add(mode))
  }
  const ids = [...new Set([...locks.keys(), ...others])]
  const { rows } = await sql.query<{ id: string; type: string; schema: string | null } & Recorded>(
    `select id::pg_catalog.text as id, o.type, o.schema, o.name, pg_catalog.pg_relation_filenode(id)::pg_catalog.text as storage,
       pg_catalog.pg_stat_get_xact_numscans(id) as scans, pg_catalog.pg_stat_get_xact_tuples_returned(id) as returned,
       pg_catalog.pg_stat_get_xact_tuples_inserted(id) as inserted, pg_catalog.pg_stat_get_xact_tuples_updated(id) as updated,
       pg_catalog.pg_stat_get_xact_tuples_deleted(id) as deleted
     from pg_catalog.unnest($1::pg_catalog.oid[]) id
       cross join lateral pg_catalog.pg_identify_object(1259::pg_catalog.oid, id, 0) o`,
    [ids],
  )
  const user = rows.filter(
    ({ type, schema }) => TYPES.has(type) && schema !== null && !/^pg_|^information_schema$/.test(schema),
  )
  return {
    locks,
    storage: new Map(user.flatMap(({ id, storage }) => (storage === null ? [] : [[id, storage]]))),
    counted: new Map(
      user.map(({ id, returned, inserted, updated, deleted }) => [
        id,
        [returned, inserted, updated, deleted].map(Number),
      ]),
    ),
    names: new Map(user.map(({ id, schema, name }) => [id, `${schema}.${name}`])),
  }
}

interface Recorded {
  name: string | null
  storage: string | null
  returned: string
  inserted: string
  updated: string
  deleted: string
}

const TYPES = new Set(['table', 'view', 'materialized view', 'foreign table', 'sequence'])

/**
 * What was done between two readings.
 * @param existing names of the relations that the script did not make, by their ids
 */
export function differenceOf(
  existing: Map<string, string>,
  before: RecordedWork,
  after: RecordedWork,
): MeasuredWork {
  const sorted = <T>(entries: [string, T][]) =>
    Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
  const locks = [...after.locks].flatMap(([id, modes]): [string, string][] => {
    const name = existing.get(id)
    const held = strongestOf(before.locks.get(id) ?? [])
    const strongest = strongestOf(modes)
    return name === undefined || strongest <= held ? [] : [[name, MODES[strongest]!]]
  })
  const rewrites = [...after.storage].flatMap(([id, storage]) => {
    const was = before.storage.get(id)
    return was === undefined || was === storage || !existing.has(id) ? [] : [existing.get(id)!]
  })
  const changes = [...after.counted].map(([id, now]): [string, number[]] => {
    const was = before.counted.get(id) ?? []
    return [after.names.get(id)!, now.map((count, at) => Math.max(0, count - (was[at] ?? 0)))]
  })
  return {
    locks: sorted(locks),
    rewrites: rewrites.sort(),
    scanned: sorted(
      changes.flatMap(([name, [read = 0]]) => (read > 0 ? [[name, read] as [string, number]] : [])),
    ),
    rows: sorted(
      changes.flatMap(([name, [, inserted = 0, updated = 0, deleted = 0]]): [string, RowChanges][] =>
        inserted + updated + deleted > 0 ? [[name, { inserted, updated, deleted }]] : [],
      ),
    ),
  }
}

/** The place of the strongest mode in `MODES`; -1 for none. */
const strongestOf = (modes: Iterable<string>): number =>
  Math.max(-1, ...[...modes].map((mode) => MODES.indexOf(mode)))
