import type pg from 'pg'
import { digestOf } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import type { RunStore } from '../../src/store/run-store.ts'

type Row = { [column: string]: unknown }
export type Rows = { [table: string]: Row[] }

/** The number of rows that one live run of a document with this many units leaves, the review of the enactment included. */
export const expectedRowCounts = (units: number) => ({
  'public.information_unit': units,
  'public.unit_version': units,
  'public.iu_lifecycle_log': units,
  'cutter_governance.cut_change_set': 1,
  'cutter_governance.cut_change_set_affected_row': units,
  'cutter_governance.decision_backlog_entry': 1,
  'cutter_governance.decision_backlog_history': 5,
  'cutter_governance.decision_backlog_sweep_log': 1,
  'cutter_governance.dot_pair_signature': 2,
  'cutter_governance.manifest_envelope': 1,
  'cutter_governance.manifest_unit_block': units,
  'cutter_governance.review_decision': 2,
  'cutter_governance.verify_result': 1,
})

const NOT_WRITTEN_BY_RUNS = ['cutter_governance.schema_migration', 'public.iu_lifecycle_vocab']

async function listTables(sql: pg.Client): Promise<string[]> {
  const { rows } = await sql.query<{ name: string }>(
    `select schemaname || '.' || tablename as name from pg_tables where schemaname in ('public', 'cutter_governance')`,
  )
  return rows.map(({ name }) => name).filter((name) => !NOT_WRITTEN_BY_RUNS.includes(name))
}

/** Counts the rows of all tables. Tables without rows are left out. */
export async function countRows(sql: pg.Client): Promise<{ [table: string]: number }> {
  const found: { [table: string]: number } = {}
  for (const table of await listTables(sql)) {
    const { rows } = await sql.query<{ n: number }>(`select count(*)::int as n from ${table}`)
    if (rows[0]!.n > 0) found[table] = rows[0]!.n
  }
  return found
}

/** The rows that a run has written. Values that differ from run to run, such as ids and times, are replaced by what they stand for. */
export async function readRunRows(sql: pg.Client, store: RunStore, run: Run): Promise<Rows> {
  const found: Rows = {}
  for (const table of await listTables(sql)) {
    const { rows } = await sql.query<{ row: Row }>(
      `select to_jsonb(t) as row from ${table} t where position($1 in to_jsonb(t)::text) > 0`,
      [run.runId],
    )
    if (rows.length > 0) found[table] = rows.map(({ row }) => row)
  }
  const payload = found['cutter_governance.cut_change_set']?.[0]?.payload_summary
  for (const signature of found['cutter_governance.dot_pair_signature'] ?? []) {
    if (signature.signature_kind === 'executor')
      signature.payload_hash = signature.payload_hash === digestOf(payload)
  }
  const names = await listNames(found, store, run)
  return Object.fromEntries(
    Object.entries(found).map(([table, rows]) => [
      table,
      rows.map((row) => replaceNames(row, names)).sort(byText),
    ]),
  )
}

async function listNames(found: Rows, store: RunStore, run: Run): Promise<[string, string][]> {
  const names: [unknown, string][] = []
  const units = new Map<unknown, unknown>()
  for (const { id, canonical_address } of found['public.information_unit'] ?? []) {
    units.set(id, canonical_address)
    names.push([id, `unit ${canonical_address}`])
  }
  for (const { id, unit_id, version_seq } of found['public.unit_version'] ?? [])
    names.push([id, `version ${version_seq} of ${units.get(unit_id)}`])
  for (const { id, unit_id, to_status } of found['public.iu_lifecycle_log'] ?? [])
    names.push([id, `${units.get(unit_id)} ${to_status}`])
  for (const { approvalId, statement } of await store.approvals(run.runId)) {
    names.push([digestOf(statement), `statement ${statement.gate}`])
    names.push([statement.planDigest, `plan ${statement.gate}`])
    names.push([statement.reviewDecisionId, `review ${statement.gate}`])
    names.push([approvalId, `approval ${statement.gate}`])
  }
  const { sourceVersionId } = run.output as { sourceVersionId: string }
  names.push([sourceVersionId, 'source version'])
  names.push([run.runId, 'run'])
  // This comes last, because the document's id is part of addresses.
  names.push([run.input.document, 'document'])
  return names.filter((name): name is [string, string] => typeof name[0] === 'string')
}

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)/g

function replaceNames(row: Row, names: [string, string][]): Row {
  let text = JSON.stringify(row)
  for (const [id, name] of names) text = text.replaceAll(id, name)
  return JSON.parse(text.replace(TIME, 'time')) as Row
}

const byText = (a: Row, b: Row) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
