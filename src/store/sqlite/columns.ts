import { HISTORY_FIELDS, historyFields } from '../../domain/history-entry.ts'
import type { Outcome, Run } from '../../domain/run.ts'
import type { StepRow } from './step-row.ts'

/** Which column holds which field: the lists from which statements and rows are made. */

/** The columns of `history` that hold an entry. */
export const entryColumns = historyFields.map((field) => HISTORY_FIELDS[field].column)

interface RunColumn {
  column: string
  field: keyof Run
  /** Whether the column holds the value as JSON; `unless-null` keeps SQL's null. */
  json?: 'always' | 'unless-null'
}

/** The columns of `runs`. `newest_id`, which links a run to its newest entry, is no part of a run. */
export const RUN_COLUMNS: RunColumn[] = [
  { column: 'run_id', field: 'runId' },
  { column: 'machine', field: 'machine' },
  { column: 'version', field: 'version' },
  { column: 'definition_digest', field: 'definitionDigest' },
  { column: 'mode', field: 'mode' },
  { column: 'input', field: 'input', json: 'always' },
  { column: 'start_key', field: 'startKey' },
  { column: 'started_by', field: 'startedBy' },
  { column: 'os_user', field: 'osUser' },
  { column: 'started_at', field: 'startedAt' },
  { column: 'updated_at', field: 'updatedAt' },
  { column: 'worked_ms', field: 'workedMs' },
  { column: 'seq', field: 'seq' },
  { column: 'status', field: 'status' },
  { column: 'state', field: 'state' },
  { column: 'phase', field: 'phase' },
  { column: 'stop_code', field: 'stopCode' },
  { column: 'stop', field: 'stop', json: 'unless-null' },
  { column: 'outcome', field: 'outcome' },
  { column: 'gate', field: 'gate' },
  { column: 'gate_seq', field: 'gateSeq' },
  { column: 'gate_head', field: 'gateHead' },
  { column: 'plan_digest', field: 'planDigest' },
  { column: 'output', field: 'output', json: 'always' },
  { column: 'snapshot', field: 'snapshot' },
  { column: 'snapshot_digest', field: 'snapshotDigest' },
  { column: 'head', field: 'head' },
]

/**
 * The constraint of the column `outcome` is older than the outcome `abandoned`, and SQLite cannot change it without a copy of the table. The
 * column has `cancelled` for it, and the newest entry, which the history hashes, says which of the two it is.
 */
export const outcomeColumn = (outcome: Outcome | null): Outcome | null =>
  outcome === 'abandoned' ? 'cancelled' : outcome

/** The columns of `runs` that each step changes, each with the field of the step that fills it. */
export const STEP_COLUMNS: [column: string, field: keyof StepRow][] = [
  ['updated_at', 'at'],
  ['worked_ms', 'workedMs'],
  ['seq', 'seq'],
  ['status', 'status'],
  ['state', 'state'],
  ['phase', 'phase'],
  ['stop_code', 'stopCode'],
  ['stop', 'stop'],
  ['gate', 'gate'],
  ['gate_seq', 'gateSeq'],
  ['gate_head', 'gateHead'],
  ['plan_digest', 'planDigest'],
  ['output', 'output'],
  ['snapshot', 'snapshot'],
  ['snapshot_digest', 'snapshotDigest'],
  ['head', 'hash'],
]
