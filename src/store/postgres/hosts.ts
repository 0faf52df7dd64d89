import type { Replication, SeenHost, ServingHost } from '../../domain/cluster.ts'
import type { LiveRules } from '../../domain/live-rules.ts'
import type { Connect } from './connections.ts'
import { withClient } from './open-database.ts'
import { toStoreError } from './store-errors.ts'

const SERVER_NOW = 'select extract(epoch from pg_catalog.clock_timestamp()) * 1000 as now'

const ANNOUNCE = `
  insert into cutter_store.hosts as h (home, host, version, machines, signers, revoked_keys, policy, clock_ms, started_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp())
  on conflict (home) do update set host = excluded.host, version = excluded.version, machines = excluded.machines,
    signers = excluded.signers, revoked_keys = excluded.revoked_keys, policy = excluded.policy, clock_ms = excluded.clock_ms,
    started_at = case when $9 then excluded.started_at else h.started_at end, seen_at = clock_timestamp(), ended_at = null`

/**
 * Writes down that a service works on the store. `isStart`: it has just begun. The clock of the host is compared with the server’s.
 * @throws STORE_UNWRITABLE
 */
export async function announceHost(
  connect: Connect,
  { home, host, version, machines, rules }: Omit<ServingHost, 'clockMs'>,
  isStart: boolean,
): Promise<void> {
  try {
    await withClient(connect, async (client) => {
      const asked = Date.now()
      const { rows } = await client.query<{ now: string }>(SERVER_NOW)
      // The answer was made half of the way ago.
      const clockMs = Math.round((asked + Date.now()) / 2 - Number(rows[0]!.now))
      const { signers, revokedKeys, policy } = rules
      const facts = [home, host, version, JSON.stringify(machines), signers, revokedKeys, policy, clockMs]
      await client.query(ANNOUNCE, [...facts, isStart])
    })
  } catch (error) {
    throw toStoreError(error)
  }
}

/** Writes down that a service ended. */
export async function announceEnd(connect: Connect, home: string): Promise<void> {
  try {
    await withClient(connect, (client) =>
      client.query('update cutter_store.hosts set ended_at = clock_timestamp() where home = $1', [home]),
    )
  } catch (error) {
    throw toStoreError(error)
  }
}

const iso = (column: string) =>
  `pg_catalog.to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
const HOSTS = `
  select home, host, version, machines, signers, revoked_keys as "revokedKeys", policy, clock_ms as "clockMs",
    ${iso('started_at')} as "startedAt", ${iso('seen_at')} as "seenAt", ${iso('ended_at')} as "endedAt",
    extract(epoch from clock_timestamp() - seen_at) * 1000 as "seenMs"
  from cutter_store.hosts order by host, home`
const REPLICATION = `
  select pg_catalog.current_setting('synchronous_commit') as "synchronousCommit",
    pg_catalog.current_setting('synchronous_standby_names') as "synchronousStandbyNames",
    (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', coalesce(application_name, ''), 'state', state, 'sync', sync_state,
      'lagMs', pg_catalog.round(extract(epoch from replay_lag) * 1000)) order by application_name), '[]')
      from pg_catalog.pg_stat_replication) as standbys`

type HostRow = Omit<SeenHost, 'machines' | 'rules' | 'clockMs' | 'seenMs'> &
  LiveRules & { machines: string; clockMs: string; seenMs: string }

/**
 * Reads which services were seen, and how the server’s commits are replicated.
 * @throws STORE_UNWRITABLE
 */
export async function readCluster(
  connect: Connect,
): Promise<{ hosts: SeenHost[]; replication: Replication }> {
  try {
    return await withClient(connect, async (client) => {
      const { rows } = await client.query<HostRow>(HOSTS)
      const answer = await client.query<Replication>(REPLICATION)
      return { hosts: rows.map(readHost), replication: answer.rows[0]! }
    })
  } catch (error) {
    throw toStoreError(error)
  }
}

const readHost = ({
  machines,
  signers,
  revokedKeys,
  policy,
  clockMs,
  seenMs,
  ...rest
}: HostRow): SeenHost => ({
  ...rest,
  machines: JSON.parse(machines),
  rules: { signers, revokedKeys, policy },
  clockMs: Number(clockMs),
  seenMs: Math.round(Number(seenMs)),
})
