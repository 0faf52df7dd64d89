import type { Survey } from '../survey.ts'
import type { Sql } from '../target.ts'
import { GOVERNANCE_TABLES, UNIT_TABLES } from './target-schema.ts'

function where(condition: string): string {
  return `count(*) filter (where ${condition})`
}

/** The ids of the units are kept in a hash (see HASH_MEMORY). */
const OF_UNITS = where('unit_id in (select id from public.information_unit where doc_code = $1)')

/**
 * Memory for the sets of ids. If the planner expects a set to be too large for memory, it runs its query once per row. A million ids
 * need less than this, and only the memory that a set needs is used.
 */
const HASH_MEMORY = `select set_config('work_mem', '256MB', true)`

function envelopes(column: string): string {
  return `select ${column} from cutter_governance.manifest_envelope where source_doc_ref = $1`
}

function backlogEntries(): string {
  return 'select backlog_entry_id from cutter_governance.decision_backlog_entry where source_doc_ref = $1'
}

/** Counts of a table's rows that belong to a document ($1). A table without an entry does not name documents. */
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

/** Counts the rows of each of Cutter's tables, in total and of one document, as far as the role may read them. */
export async function readSurveyCounts(
  client: Sql,
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
    // Tested in advance, because an error 42501 would abort the transaction.
    if (!readable.has(`${schema}.${table}`)) unreadable.push(table)
    else
      selects.push(
        `select '${table}' as table, count(*)::int as total, ${within ? `${within}::int` : 'null'} as document from ${schema}.${table}`,
      )
  }
  if (selects.length === 0) return { counts, unreadable }
  await client.query(HASH_MEMORY)
  const { rows } = await client.query<{ table: string; total: number; document: number | null }>(
    `${selects.join(' union all ')} union all select '', 0, 0 where $1::text is null`,
    [document],
  )
  for (const row of rows) {
    counts.whole[row.table] = row.total
    if (row.document !== null) counts.document[row.table] = row.document
  }
  return { counts, unreadable }
}

async function readableTables(client: Sql): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(
    `select format('%s.%s', n.nspname, c.relname) as name
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname in ('public', 'cutter_governance') and c.relkind = 'r'
         and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')`,
  )
  return new Set(rows.map((row) => row.name))
}
