import type { StoreFigures } from '../run-store.ts'
import type { Sql } from './run-statement.ts'

const COUNT_RUNS = `
  select machine, state, status, count(*)::integer as count from cutter_store.runs group by machine, state, status`

const COUNT_GATES = `
  select machine, gate, count(*)::integer as count, min(arrival.at) as since
  from cutter_store.runs join cutter_store.history as arrival on arrival.run_id = runs.run_id and arrival.seq = gate_seq
  where runs.status = 'paused' group by machine, gate order by machine, gate`

const MEASURE = `
  select relname as part, pg_catalog.pg_total_relation_size(oid)::float8 as bytes from pg_catalog.pg_class
  where relkind = 'r' and relnamespace = (select oid from pg_catalog.pg_namespace where nspname = 'cutter_store') order by relname`

/** Counts runs and gates of a store, and measures its tables with their indices. */
export async function readFigures(sql: Sql): Promise<StoreFigures> {
  const runs = (await sql.rows(COUNT_RUNS, {})) as unknown as StoreFigures['runs']
  const gates = (await sql.rows(COUNT_GATES, {})) as unknown as StoreFigures['gates']
  const parts = await sql.rows(MEASURE, {})
  const bytes = Object.fromEntries(parts.map((row) => [row.part as string, row.bytes as number]))
  return { runs, gates, bytes }
}
