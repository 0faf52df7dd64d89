import type { Database } from 'better-sqlite3'
import { CutterError } from '../../domain/errors.ts'
import type { PrunedRun } from '../run-store.ts'

/** The history is a list without an index of its runs: the newest entry leads to the others. Those of people have an index. */
const DELETE_HISTORY = `
  with recursive entry (entry_id) as (
    select newest_id from runs where run_id = @runId
    union all
    select previous_id from entry join history on id = entry_id where run_id = @runId and previous_id < id
  )
  delete from history where run_id = @runId and id in (
    select entry_id from entry union select id from history where run_id = @runId and by != 'engine'
    union select id from history where run_id = @runId and seq = 1)`

/** Of the digests in `?`, those that no run has. An index finds them by eight characters. */
const DELETE_EVIDENCE = `
  delete from evidence where digest in (select value from json_each(?)) and not exists (
    select 1 from run_evidence where substr(run_evidence.digest, 8, 8) = substr(evidence.digest, 8, 8)
      and run_evidence.digest = evidence.digest)`

/**
 * Removes a closed run from the store, and keeps a row that says so and that its start key is used. Triggers forbid deleting; this
 * drops and restores them within one transaction, so that no other connection sees the tables without them. The schema names the
 * tables: all that have a column `run_id`.
 *
 * @throws STORE_CONFLICT when the run is not closed at the entry `pruned.head`.
 */
export function pruneRun(db: Database, pruned: PrunedRun): void {
  // SQLite would look through all of the history and of `run_evidence` for rows that refer to what is deleted here. Not `db.pragma`, because SQLite
  // sets this while it parses, and `connect` keeps statements.
  db.exec('pragma foreign_keys = off')
  try {
    pruneWithoutReferences(db, pruned)
  } finally {
    db.exec('pragma foreign_keys = on')
  }
}

function pruneWithoutReferences(db: Database, pruned: PrunedRun): void {
  db.transaction(() => {
    const { runId, head } = pruned
    assertClosedAt(db, runId, head)
    const tables = tablesOfRuns(db)
    const guards = guardsOf(db, [...tables, 'history', 'runs', 'evidence'])
    for (const { name } of guards) db.exec(`drop trigger ${name}`)
    const digests = db.prepare('select digest from run_evidence where run_id = ?').all(runId) as {
      digest: string
    }[]
    db.prepare(DELETE_HISTORY).run({ runId })
    for (const table of tables) db.prepare(`delete from ${table} where run_id = ?`).run(runId)
    db.prepare('delete from runs where run_id = ?').run(runId)
    // A trigger has written down that the run was deleted.
    db.prepare('delete from deleted_runs where run_id = ?').run(runId)
    db.prepare(DELETE_EVIDENCE).run(JSON.stringify(digests.map(({ digest }) => digest)))
    for (const { sql } of guards) db.exec(sql)
    db.prepare(
      `insert into pruned_runs values (@runId, @machine, @mode, @outcome, @startKey, @seq, @head, @closedAt, @prunedAt, @by, @bundleDigest)`,
    ).run(pruned)
  }).immediate()
}

function assertClosedAt(db: Database, runId: string, head: string): void {
  const run = db.prepare('select status, head from runs where run_id = ?').get(runId) as
    | { status: string; head: string }
    | undefined
  if (run?.status === 'closed' && run.head === head) return
  throw new CutterError('STORE_CONFLICT', `run ${runId} was not pruned: it is not closed at that entry`, {
    next: `cutter run show ${runId}`,
  })
}

/** All but those that are deleted in a way of their own. */
function tablesOfRuns(db: Database): string[] {
  const rows = db
    .prepare(
      `select t.name from sqlite_schema t join pragma_table_info(t.name) c
         where t.type = 'table' and c.name = 'run_id' and t.name not in ('runs', 'history', 'pruned_runs') order by t.name`,
    )
    .all() as { name: string }[]
  return rows.map(({ name }) => name)
}

/** The triggers that forbid deleting from the tables. */
function guardsOf(db: Database, tables: string[]): { name: string; sql: string }[] {
  return db
    .prepare(
      `select name, sql from sqlite_schema
         where type = 'trigger' and tbl_name in (select value from json_each(?)) and sql like '%before delete on%'`,
    )
    .all(JSON.stringify(tables)) as { name: string; sql: string }[]
}
