import { join } from 'node:path'
import { createActor, initialTransition, transition } from 'xstate'
import { cut } from '../../machines/cut.ts'
import { connect } from '../../src/locks/connect.ts'

/**
 * Measures better-sqlite3 alone (WAL, FULL), in steps a second: transactions of `batch` steps. A step updates a 2 KB row and inserts one
 * of 300 bytes.
 */
export function rawStepsPerSecond(folder: string, batch: number, seconds: number): number {
  const db = connect(join(folder, `raw-${batch}-${Math.random()}.db`))
  db.pragma('journal_mode = wal')
  db.pragma('synchronous = full')
  db.exec(`
    create table run (id text primary key, body text not null) strict;
    create table entry (id text not null, seq integer not null, body text not null, primary key (id, seq)) strict, without rowid;`)
  const entry = 'y'.repeat(300)
  // Another text each time, because SQLite does not write a page whose row gets the same value.
  const body = (seq: number) => String(seq).padStart(2_000, 'x')
  const insertRun = db.prepare('insert into run values (?, ?)')
  for (let run = 0; run < batch; run += 1) insertRun.run(`run-${run}`, body(0))
  const update = db.prepare('update run set body = ? where id = ?')
  const insert = db.prepare('insert into entry values (?, ?, ?)')
  let seq = 0
  const steps = db.transaction(() => {
    const text = body(seq + 1)
    for (let run = 0; run < batch; run += 1) {
      update.run(text, `run-${run}`)
      insert.run(`run-${run}`, seq, entry)
    }
    seq += 1
  })
  const begun = performance.now()
  while (performance.now() - begun < seconds * 1_000) steps.immediate()
  const rate = (seq * batch) / ((performance.now() - begun) / 1_000)
  db.close()
  return rate
}

/** Measures XState alone on the cut's chart, in steps a second: transition, persist, JSON. */
export function xstateStepsPerSecond(seconds: number): number {
  const input = { runId: 'r', mode: 'dry-run', input: { document: 'D', target: 'embedded' } }
  const [snapshot] = initialTransition(cut.logic, input as never)
  const event = { type: 'xstate.done.actor.source_pin', actorId: 'source_pin', output: {} }
  let steps = 0
  const begun = performance.now()
  while (performance.now() - begun < seconds * 1_000) {
    const [next] = transition(cut.logic, snapshot, event as never)
    JSON.stringify(cut.logic.getPersistedSnapshot(next))
    steps += 1
  }
  return steps / ((performance.now() - begun) / 1_000)
}

/** Measures how often a second XState restores a stored snapshot, as a resume in a new process does once. */
export function restoresPerSecond(seconds: number): number {
  const input = { runId: 'r', mode: 'dry-run', input: { document: 'D', target: 'embedded' } }
  const [snapshot] = initialTransition(cut.logic, input as never)
  const stored = JSON.parse(JSON.stringify(cut.logic.getPersistedSnapshot(snapshot)))
  let restored = 0
  const begun = performance.now()
  while (performance.now() - begun < seconds * 1_000) {
    createActor(cut.logic, { snapshot: stored }).getSnapshot()
    restored += 1
  }
  return restored / ((performance.now() - begun) / 1_000)
}
