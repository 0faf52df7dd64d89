/**
 * Which functions of pg_catalog and information_schema a check may call on a target before an approval. A function that the server
 * declares as immutable or stable changes nothing. Of these DENIED takes some away. Of the volatile ones HARMLESS lists those that
 * only read. Reviewed against pg_proc of PostgreSQL 13 to 18: https://www.postgresql.org/docs/current/functions.html
 */

/** Immutable and stable functions that do more than compute, by the reason. Names, separated by spaces. */
const DENIED: { [reason: string]: string } = {
  'assigns a transaction id': 'pg_current_xact_id txid_current',
  'reads relations that its arguments name':
    'table_to_xml table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema database_to_xml database_to_xmlschema database_to_xml_and_xmlschema query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema',
  'runs functions of a type that its arguments name':
    'pg_input_is_valid pg_input_error_info array_in domain_in multirange_in range_in record_in',
  'runs functions of a table that its arguments name': 'satisfies_hash_partition',
  'analyses the text of another function': 'fmgr_c_validator fmgr_internal_validator fmgr_sql_validator',
  'reads files of the server':
    'pg_available_extensions pg_available_extension_versions pg_extension_update_paths pg_timezone_names pg_tablespace_databases pg_tablespace_location pg_config pg_backup_start_time',
}

/** Volatile functions that change nothing, by what they return. */
const HARMLESS: { [returns: string]: string } = {
  'another value at each call':
    'random random_normal gen_random_uuid uuidv4 uuidv7 array_sample array_shuffle clock_timestamp timeofday',
  'sizes of relations': 'pg_relation_size pg_table_size pg_indexes_size pg_total_relation_size',
  'the tree of a partitioned table': 'pg_partition_tree pg_partition_ancestors',
  'the last value of any sequence, without the session’s own state': 'pg_sequence_last_value',
  'settings and state of the server':
    'pg_is_in_recovery pg_show_all_settings pg_lock_status pg_prepared_xact',
  'the status of a transaction': 'pg_xact_status txid_status pg_xact_commit_timestamp',
}

/** Newest major version of PostgreSQL whose functions were reviewed. */
export const REVIEWED_MAJOR = 18

const namesOf = (table: { [reason: string]: string }) =>
  new Map(
    Object.entries(table).flatMap(([reason, names]) =>
      names.split(' ').map((name) => [name, reason] as const),
    ),
  )
const denied = namesOf(DENIED)
const harmless = namesOf(HARMLESS)

/**
 * Returns why a built-in function may not run in a check, or null.
 * @param volatility `pg_proc.provolatile`: i, s or v
 */
export function findFunctionRefusal({
  name,
  volatility,
}: {
  name: string
  volatility: string
}): string | null {
  const reason = denied.get(name)
  if (reason !== undefined) return reason
  if (volatility !== 'v' || harmless.has(name)) return null
  return 'may change something outside of the query'
}
