import { statSync } from 'node:fs'
import { setImmediate as otherWork } from 'node:timers/promises'
import type { Database } from 'better-sqlite3'
import type { StoreFigures } from '../run-store.ts'

/** How many runs are counted at a time: a millisecond or two of work. */
const AT_A_TIME = 500

/** No index has state and status, because a step would have to keep it. So the rows are read, a part at a time. */
const COUNT_RUNS = `
  select machine, state, status, count(*) as count, max(place) as last
  from (select rowid as place, machine, state, status from runs where rowid > ? order by rowid limit ${AT_A_TIME})
  group by machine, state, status`

/** An arrival is the newest entry of its run, or lies some refusals before it. */
const COUNT_GATES = `
  with recursive at_gate (machine, gate, gate_seq, entry_id) as (
    select machine, gate, gate_seq, newest_id from runs where status = 'paused'
    union all
    select machine, gate, gate_seq, previous_id from at_gate join history on id = entry_id where seq > gate_seq
  )
  select machine, gate, count(*) as count, min(at) as since from at_gate join history on id = entry_id
  where seq = gate_seq group by machine, gate order by machine, gate`

type RunCount = StoreFigures['runs'][number]

/** Counts runs and gates of a store, and measures its files. `guard` names what SQLite reports. */
export async function readFigures(
  db: Database,
  file: string,
  guard: <T>(work: () => T) => Promise<T>,
): Promise<StoreFigures> {
  const counted = new Map<string, RunCount>()
  const part = db.prepare<[number], RunCount & { last: number }>(COUNT_RUNS)
  for (let place = 0; ; await otherWork()) {
    const rows = await guard(() => part.all(place))
    for (const { last, ...row } of rows) {
      place = Math.max(place, last)
      const key = JSON.stringify([row.machine, row.state, row.status])
      const before = counted.get(key)
      if (before === undefined) counted.set(key, row)
      else before.count += row.count
    }
    if (rows.reduce((sum, { count }) => sum + count, 0) < AT_A_TIME) break
  }
  const gates = await guard(() => db.prepare<[], StoreFigures['gates'][number]>(COUNT_GATES).all())
  const bytes = { database: sizeOf(file), journal: sizeOf(`${file}-wal`) }
  return { runs: [...counted.values()], gates, bytes }
}

const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0
