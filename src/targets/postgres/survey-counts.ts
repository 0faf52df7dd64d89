import type { SqlReader, Survey } from '../survey.ts'
import { GOVERNANCE_TABLES, UNIT_TABLES } from './target-schema.ts'

function where(condition: string): string {
  return `count(*) filter (where ${condition})`
}

/** The units' ids are kept in a hash: see ROOM. */
const OF_UNITS = where('unit_id in (select id from public.information_unit where doc_code = $1)')

/**
 * A set of ids that the planner thinks too large to be kept in memory would be asked for anew for each row. A million of them take
 * less than this, and what there are of them is what is taken.
 */
const ROOM = `select set_config('work_mem', '256MB', true)`

function envelopes(column: string): string {
  return `select ${column} from cutter_governance.manifest_envelope where source_doc_ref = $1`
}

function backlogEntries(): string {
  return 'select backlog_entry_id from cutter_governance.decision_backlog_entry where source_doc_ref = $1'
}

/** How many of a table's rows belong to a document ($1); a table without an entry knows of none. */
const OF_DOCUMENT: Record<string, string> = {
  information_unit: where('doc_code = $1'),
  unit_version: OF_UNITS,
  iu_lifecycle_log: OF_UNITS,
  manifest_envelope: where('source_doc_ref = $1'),
  manifest_unit_block: where(`envelope_id in (${envelopes('envelope_id')})`),
  cut_change_set: where(`change_set_id in (${envelopes('cut_change_set_ref')})`),
  cut_change_set_affected_row: where(`change_set_id in (${envelopes('cut_change_set_ref')})`),
  review_decision: where(`manifest_id in (${envelopes('envelope_id')})`),
  verify_result: where(`manifest_id in (${envelopes('envelope_id')})`),
  decision_backlog_entry: where('source_doc_ref = $1'),
  decision_backlog_history: where(`backlog_entry_id in (${backlogEntries()})`),
  decision_backlog_sweep_log: where(`backlog_entry_id in (${backlogEntries()})`),
}

/** Rows of every table of ours, whole and of one document, as far as the role may read them. */
export async function readSurveyCounts(
  client: SqlReader,
  document: string,
): Promise<Pick<Survey, 'counts' | 'unreadable'>> {
  const readable = await readableTables(client)
  const watched = [
    ...UNIT_TABLES.map((table) => ({ table, schema: 'public' })),
    ...GOVERNANCE_TABLES.map((table) => ({ table, schema: 'cutter_governance' })),
  ]
  const counts: Survey['counts'] = { whole: {}, document: {} }
  const unreadable: string[] = []
  const selects: string[] = []
  for (const { table, schema } of watched) {
    const within = OF_DOCUMENT[table]
    counts.whole[table] = null
    if (within) counts.document[table] = null
    // Asked beforehand: a 42501 would end the surveyor's transaction.
    if (!readable.has(`${schema}.${table}`)) unreadable.push(table)
    else
      selects.push(
        `select '${table}' as table, count(*)::int as whole, ${within ? `${within}::int` : 'null'} as document from ${schema}.${table}`,
      )
  }
  if (selects.length === 0) return { counts, unreadable }
  await client.query(ROOM)
  const { rows } = await client.query<{ table: string; whole: number; document: number | null }>(
    `${selects.join(' union all ')} union all select '', 0, 0 where $1::text is null`,
    [document],
  )
  for (const row of rows) {
    counts.whole[row.table] = row.whole
    if (row.document !== null) counts.document[row.table] = row.document
  }
  return { counts, unreadable }
}

async function readableTables(client: SqlReader): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(
    `select format('%s.%s', n.nspname, c.relname) as name
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname in ('public', 'cutter_governance') and c.relkind = 'r'
         and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')`,
  )
  return new Set(rows.map((row) => row.name))
}
