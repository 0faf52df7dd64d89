import type { Database } from 'better-sqlite3'
import { CutterError } from '../../domain/errors.ts'
import type { PrunedRun } from '../run-store.ts'

/**
 * Removes a closed run from the store, and keeps a row that says so and that its start key is used. Triggers forbid deleting; this
 * drops and restores them within one transaction, so that no other connection sees the tables without them. The schema names the
 * tables: all that have a column `run_id`.
 *
 * @throws STORE_CONFLICT when the run is not closed at the entry `pruned.head`.
 */
export function pruneRun(db: Database, pruned: PrunedRun): void {
  db.transaction(() => {
    const { runId, head } = pruned
    assertClosedAt(db, runId, head)
    const tables = tablesOfRuns(db)
    const guards = guardsOf(db, [...tables, 'runs', 'evidence'])
    for (const { name } of guards) db.exec(`drop trigger ${name}`)
    for (const table of tables) db.prepare(`delete from ${table} where run_id = ?`).run(runId)
    db.prepare('delete from runs where run_id = ?').run(runId)
    db.prepare('delete from evidence where digest not in (select digest from run_evidence)').run()
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

function tablesOfRuns(db: Database): string[] {
  const rows = db
    .prepare(
      `select t.name from sqlite_schema t join pragma_table_info(t.name) c
         where t.type = 'table' and c.name = 'run_id' and t.name not in ('runs', 'pruned_runs') order by t.name`,
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
