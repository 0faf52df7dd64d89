import type { Database } from 'better-sqlite3'
import { CutterError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import type { RunFilter } from '../run-store.ts'
import type { Row } from './row.ts'
import { readRunRow } from './row-mapping.ts'
import { runWithEntry } from './statements.ts'

type Field = Exclude<keyof RunFilter, 'limit' | 'onTampered' | 'after' | 'machines'>

/** What a run must be to pass each field of a filter. */
const CONDITIONS: Record<Field, string> = {
  status: 'runs.status = @status',
  machine: 'machine = @machine',
  mode: 'mode = @mode',
  runId: 'runs.run_id = @runId',
  document: "json_extract(input, '$.document') = @document",
  target: "json_extract(input, '$.target') = @target",
  host: "json_extract(input, '$.host') = @host",
  gate: 'gate = @gate',
  approver: `exists (select 1 from approvals
    where approvals.run_id = runs.run_id and json_extract(statement_text, '$.approver') = @approver)`,
  operator: `(started_by = @operator or exists (select 1 from history as moved
    where moved.run_id = runs.run_id and moved.by != 'engine' and moved.by = @operator))`,
  since: 'started_at >= @since',
  until: 'started_at < @until',
  text: "instr(lower(runs.run_id || ' ' || machine || ' ' || runs.state || ' ' || started_by || ' ' || input), lower(@text)) > 0",
}

/** Lists runs, newest first, then by id. Each combination of fields has a statement of its own. */
export function createRunLister(db: Database): (filter: RunFilter) => Run[] {
  const prepared = new Map<string, { all(values: object): unknown[] }>()
  return ({ onTampered, limit, after, machines, ...fields }) => {
    const text = textOf({ ...fields, limit }, after !== undefined, machines !== undefined)
    const statement = prepared.get(text) ?? db.prepare(text)
    prepared.set(text, statement)
    const values = { ...fields, limit, machines: JSON.stringify(machines ?? null), ...cursorOf(after) }
    return (statement.all(values) as Row[]).flatMap((row) => readTrusted(row, onTampered))
  }
}

const cursorOf = (after: RunFilter['after']) =>
  after === undefined ? {} : { afterAt: after.startedAt, afterId: after.runId }

function textOf({ limit, ...fields }: RunFilter, isContinued: boolean, isScoped: boolean): string {
  const { status } = fields
  const conditions = (Object.keys(fields) as Field[]).map((field) => CONDITIONS[field])
  // Open runs have an index of their own.
  if (status !== undefined && status !== 'closed') conditions.push('outcome is null')
  if (isScoped) conditions.push('machine in (select value from json_each(@machines))')
  if (isContinued)
    conditions.push('(started_at < @afterAt or (started_at = @afterAt and runs.run_id > @afterId))')
  const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`
  return `${runWithEntry} ${where} order by started_at desc, runs.run_id limit @limit`
}

function readTrusted(row: Row, onTampered: RunFilter['onTampered']): Run[] {
  try {
    return [readRunRow(row)]
  } catch (error) {
    if (onTampered === undefined || !(error instanceof CutterError)) throw error
    onTampered(error)
    return []
  }
}
