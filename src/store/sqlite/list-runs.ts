import type { Database } from 'better-sqlite3'
import type { Status } from '../../domain/history-entry.ts'
import type { Run } from '../../domain/run.ts'
import { readTrusted, where } from '../list-rows.ts'
import type { RunFilter, WaitFilter, WaitingRun } from '../run-filter.ts'
import type { Row } from './row.ts'
import { readRunRow } from './row-mapping.ts'
import { runWithEntry } from './statements.ts'

type Field = Exclude<keyof RunFilter, 'limit' | 'onTampered' | 'after' | 'machines' | 'status'>

/** As text, because each status has an index of its own, and SQLite takes it for no value that is bound. */
const OF_STATUS: Record<Status, string> = {
  working: "runs.status = 'working'",
  paused: "runs.status = 'paused'",
  stopped: "runs.status = 'stopped'",
  closed: "runs.status = 'closed'",
}

/** What a run must be to pass each field of a filter. */
const CONDITIONS: Record<Field, string> = {
  machine: 'machine = @machine',
  mode: 'mode = @mode',
  runId: 'runs.run_id = @runId',
  document: "json_extract(input, '$.document') = @document",
  target: "json_extract(input, '$.target') = @target",
  // The field may name several hosts, and that of an adoption each by two names: web1=shop1.
  host: "instr(',' || replace(json_extract(input, '$.host'), '=', ',') || ',', ',' || @host || ',') > 0",
  gate: 'gate = @gate',
  approver: `exists (select 1 from approvals
    where approvals.run_id = runs.run_id and json_extract(statement_text, '$.approver') = @approver)`,
  operator: `(started_by = @operator or exists (select 1 from history as moved
    where moved.run_id = runs.run_id and moved.by != 'engine' and moved.by = @operator))`,
  since: 'started_at >= @since',
  until: 'started_at < @until',
  text: "instr(lower(runs.run_id || ' ' || machine || ' ' || runs.state || ' ' || started_by || ' ' || input), lower(@text)) > 0",
}

/** Approvals of at most so many are few: their runs are found by the index of approvers, instead of asking each run of the list. */
const FEW_APPROVALS = 1_000

const OF_APPROVER = "from approvals where json_extract(statement_text, '$.approver') = @approver"

const WAITS_SINCE = 'coalesce(waits_since, updated_at)'

/** Lists and counts runs, as `RunStore` describes it. Each combination of fields has a statement of its own. */
export function createRunLister(db: Database) {
  const prepared = new Map<string, { all(values: object): unknown[] }>()
  const rowsOf = (text: string, values: object) => {
    const statement = prepared.get(text) ?? db.prepare(text)
    prepared.set(text, statement)
    return statement.all(values) as Row[]
  }
  const approvedFew = (approver: string) =>
    (rowsOf(`select count(*) as n from (select 1 ${OF_APPROVER} limit ${FEW_APPROVALS + 1})`, {
      approver,
    })[0]!.n as number) <= FEW_APPROVALS
  const conditionsOf = (filter: Conditions): string[] => {
    const { approver, ...others } = filter
    if (approver === undefined || !approvedFew(approver)) return listConditions(filter)
    return [`runs.run_id in (select run_id ${OF_APPROVER})`, ...listConditions(others)]
  }
  return {
    list({ onTampered, limit, after, ...filter }: RunFilter): Run[] {
      const conditions = conditionsOf(filter)
      if (after !== undefined)
        conditions.push('started_at <= @afterAt and (started_at < @afterAt or runs.run_id > @afterId)')
      const rows = rowsOf(
        `${runWithEntry} ${where(conditions)} order by started_at desc, runs.run_id limit @limit`,
        { ...valuesOf(filter), limit, afterAt: after?.startedAt, afterId: after?.runId },
      )
      return rows.flatMap((row) => readTrusted(() => readRunRow(row), onTampered))
    },
    listWaiting({ onTampered, limit, after, status, mode, ...filter }: WaitFilter): WaitingRun[] {
      // The index is of runs that rest, by their stop codes.
      const rest = ['stop_code is not null', 'runs.status = @status', 'mode = @mode']
      const conditions = [...rest, ...conditionsOf(filter)]
      if (after !== undefined)
        conditions.push(
          `${WAITS_SINCE} >= @afterAt and (${WAITS_SINCE} > @afterAt or runs.run_id > @afterId)`,
        )
      const rows = rowsOf(
        `${runWithEntry} ${where(conditions)} order by ${WAITS_SINCE}, runs.run_id limit @limit`,
        { ...valuesOf(filter), status, mode, limit, afterAt: after?.since, afterId: after?.runId },
      )
      return rows.flatMap((row) =>
        readTrusted(() => readRunRow(row), onTampered).map((run) => {
          return { run, since: (row.waits_since as string | null) ?? run.updatedAt }
        }),
      )
    },
    count({ limit, ...filter }: Omit<RunFilter, 'after' | 'onTampered'>): number {
      const text = `select count(*) as n from (select 1 from runs ${where(conditionsOf(filter))} limit @limit)`
      return rowsOf(text, { ...valuesOf(filter), limit })[0]!.n as number
    },
  }
}

type Conditions = Omit<RunFilter, 'limit' | 'after' | 'onTampered'>

function listConditions({ status, machines, ...fields }: Conditions): string[] {
  return [
    ...(status === undefined ? [] : [OF_STATUS[status]]),
    ...(Object.keys(fields) as Field[]).map((field) => CONDITIONS[field]),
    ...(machines === undefined ? [] : ['machine in (select value from json_each(@machines))']),
  ]
}

const valuesOf = ({ machines, ...fields }: Conditions) => ({
  ...fields,
  machines: JSON.stringify(machines ?? null),
})
