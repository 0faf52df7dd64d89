import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findFunctionRefusal } from '../../src/migration/harmless-functions.ts'
import { connectClient } from '../support/connections.ts'
import { type Cluster, serverOf, startCluster } from '../support/pg-cluster.ts'

const majors = ([14, 15, 18] as const).filter((major) => serverOf(major) !== null)

/** Volatile functions that are allowed, and why nothing comes of them. A new one must be added here as well. */
const REVIEWED_VOLATILE = new Set(
  `array_sample array_shuffle clock_timestamp gen_random_uuid pg_indexes_size pg_is_in_recovery pg_lock_status pg_partition_ancestors
  pg_partition_tree pg_prepared_xact pg_relation_size pg_sequence_last_value pg_show_all_settings pg_table_size pg_total_relation_size
  pg_xact_commit_timestamp pg_xact_status random random_normal timeofday txid_status uuidv4 uuidv7`.split(
    /\s+/,
  ),
)

/** Names that sound like files, sessions, slots, messages, state or the execution of text. */
const RISKY =
  /file|_dir|^lo_|backend|terminate|cancel|xml|exec|slot|notify|advisory|sleep|dblink|reload|promote|emit|currval|lastval|nextval|setval|set_config|setseed|reset|import|export|replication|switch|rotate|snapshot|backup|xact_id|txid_current|conf_|input_is|input_error|ts_stat|ts_rewrite|validator|tablespace|extension|timezone_names|binary_upgrade/

/** Of these, the immutable and stable ones that are allowed: they read what the server holds in memory, or compute. */
const REVIEWED_RISKY = new Set(
  `has_tablespace_privilege pg_backend_pid pg_conf_load_time pg_current_snapshot pg_current_xact_id_if_assigned pg_filenode_relation
  pg_get_replication_slots pg_relation_filenode pg_relation_filepath pg_replication_origin_oid pg_snapshot_in pg_snapshot_out
  pg_snapshot_recv pg_snapshot_send pg_snapshot_xip pg_snapshot_xmax pg_snapshot_xmin pg_split_walfile_name
  pg_stat_get_backend_activity pg_stat_get_backend_activity_start pg_stat_get_backend_client_addr pg_stat_get_backend_client_port
  pg_stat_get_backend_dbid pg_stat_get_backend_idset pg_stat_get_backend_pid pg_stat_get_backend_start pg_stat_get_backend_subxact
  pg_stat_get_backend_userid pg_stat_get_backend_wait_event pg_stat_get_backend_wait_event_type pg_stat_get_backend_xact_start
  pg_stat_get_bgwriter_stat_reset_time pg_stat_get_buf_fsync_backend pg_stat_get_buf_written_backend
  pg_stat_get_checkpointer_stat_reset_time pg_stat_get_db_conflict_logicalslot pg_stat_get_db_conflict_snapshot pg_stat_get_db_conflict_tablespace pg_stat_get_db_temp_files
  postgresql_fdw_validator
  pg_stat_get_db_numbackends pg_stat_get_db_stat_reset_time pg_stat_get_replication_slot pg_stat_get_snapshot_timestamp
  pg_visible_in_snapshot pg_walfile_name pg_walfile_name_offset ts_rewrite txid_current_if_assigned txid_current_snapshot
  txid_snapshot_in txid_snapshot_out txid_snapshot_recv txid_snapshot_send txid_snapshot_xip txid_snapshot_xmax txid_snapshot_xmin
  txid_visible_in_snapshot xml xml_in xml_is_well_formed xml_is_well_formed_content xml_is_well_formed_document xml_out xml_recv
  xml_send xmlagg xmlcomment xmlconcat2 xmlexists xmltext xmlvalidate`.split(/\s+/),
)

describe.each(majors)('functions of PostgreSQL %i that a check may run', (major) => {
  let cluster: Cluster
  let client: pg.Client
  let allowed: { name: string; volatility: string }[]

  beforeAll(async () => {
    cluster = await startCluster(serverOf(major))
    client = await connectClient(cluster.url())
    const { rows } = await client.query<{ name: string; volatility: string }>(
      'select distinct proname::text as name, provolatile::text as volatility from pg_proc where oid < 16384',
    )
    allowed = rows.filter((found) => findFunctionRefusal(found) === null)
  }, 60_000)
  afterAll(async () => {
    await client.end()
    await cluster.stop()
  })

  test('are volatile only where reviewed', () => {
    const names = allowed.filter(({ volatility }) => volatility === 'v').map(({ name }) => name)
    expect(names.filter((name) => !REVIEWED_VOLATILE.has(name))).toEqual([])
  })

  test('touch no file, session, slot, message or text that is executed', () => {
    const names = allowed
      .map(({ name }) => name)
      .filter((name) => RISKY.test(name) && !REVIEWED_VOLATILE.has(name))
    expect(names.filter((name) => !REVIEWED_RISKY.has(name)).sort()).toEqual([])
  })

  test('are most functions that only compute', () => {
    expect(allowed.length).toBeGreaterThan(2_000)
  })
})
