import type { Run } from '../../domain/run.ts'
import { readTrusted, where } from '../list-rows.ts'
import type { RunFilter, WaitFilter, WaitingRun } from '../run-filter.ts'
import { readRunRow } from './row-mapping.ts'
import type { Sql } from './run-statement.ts'
import { runWithEntry } from './statements.ts'

type Field = Exclude<keyof RunFilter, 'limit' | 'onTampered' | 'after'>

/** What a run must be to pass each field of a filter. */
const CONDITIONS: Record<Field, string> = {
  status: 'runs.status = @status',
  machine: 'machine = @machine',
  machines: 'machine = any(@machines::text[])',
  mode: 'mode = @mode',
  runId: 'runs.run_id = @runId',
  document: 'document = @document',
  target: 'target = @target',
  // The field may name several hosts, and that of an adoption each by two names: web1=shop1.
  host: "position(',' || @host || ',' in ',' || replace(host, '=', ',') || ',') > 0",
  gate: 'gate = @gate',
  approver: `exists (select 1 from cutter_store.approvals
    where approvals.run_id = runs.run_id and approvals.approver = @approver)`,
  operator: `(started_by = @operator or exists (select 1 from cutter_store.history as moved
    where moved.run_id = runs.run_id and moved.by != 'engine' and moved.by = @operator))`,
  since: 'started_at >= @since',
  until: 'started_at < @until',
  text: `strpos(lower(runs.run_id || ' ' || machine || ' ' || runs.state || ' ' || started_by || ' ' || input), lower(@text::text)) > 0`,
}

/** Lists and counts runs, as `RunStore` describes it. */
export function createRunLister(sql: Sql) {
  return {
    async list({ onTampered, limit, after, ...filter }: RunFilter): Promise<Run[]> {
      const conditions = conditionsOf(filter)
      if (after !== undefined)
        conditions.push('started_at <= @afterAt and (started_at < @afterAt or runs.run_id > @afterId)')
      const rows = await sql.rows(
        `${runWithEntry} ${where(conditions)} order by started_at desc, runs.run_id limit @limit`,
        { ...filter, limit, afterAt: after?.startedAt, afterId: after?.runId },
      )
      return rows.flatMap((row) => readTrusted(() => readRunRow(row), onTampered))
    },
    async listWaiting({ onTampered, limit, after, ...filter }: WaitFilter): Promise<WaitingRun[]> {
      const conditions = ['waits_since is not null', ...conditionsOf(filter)]
      if (after !== undefined)
        conditions.push('waits_since >= @afterAt and (waits_since > @afterAt or runs.run_id > @afterId)')
      const rows = await sql.rows(
        `${runWithEntry} ${where(conditions)} order by waits_since, runs.run_id limit @limit`,
        { ...filter, limit, afterAt: after?.since, afterId: after?.runId },
      )
      return rows.flatMap((row) =>
        readTrusted(() => readRunRow(row), onTampered).map((run) => ({
          run,
          since: row.waits_since as string,
        })),
      )
    },
    async count({ limit, ...filter }: Omit<RunFilter, 'after' | 'onTampered'>): Promise<number> {
      const runs = `select 1 from cutter_store.runs ${where(conditionsOf(filter))} limit @limit`
      const [row] = await sql.rows(`select count(*)::integer as n from (${runs}) as found`, {
        ...filter,
        limit,
      })
      return row!.n as number
    },
  }
}

const conditionsOf = (filter: Omit<RunFilter, 'limit' | 'after' | 'onTampered'>): string[] =>
  (Object.keys(filter) as Field[])
    .filter((field) => filter[field] !== undefined)
    .map((field) => CONDITIONS[field])
