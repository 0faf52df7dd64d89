import type { LiveRules, PublishedRules } from '../../domain/live-rules.ts'
import type { Connect } from './connections.ts'
import { withClient } from './open-database.ts'
import { toStoreError } from './store-errors.ts'

/** What live runs need of a store that several hosts share. */
export interface LiveConditions {
  /** The rules that count; null before any were published. */
  rules: PublishedRules | null
  /** Why a commit that was acknowledged may be lost with its server; null where another server has it before. */
  looseCommits: string | null
}

const CONDITIONS = `
  select pg_catalog.current_setting('synchronous_commit') as commits,
    pg_catalog.current_setting('synchronous_standby_names') as standbys,
    (select pg_catalog.row_to_json(newest) from (
      select signers, revoked_keys as "revokedKeys", policy, host,
        pg_catalog.to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
      from cutter_store.rules order by id desc limit 1) as newest) as rules`

interface Answer {
  commits: string
  standbys: string
  rules: PublishedRules | null
}

/**
 * Reads them from the server to which the service’s login leads now: after a failover it is another one.
 * @throws STORE_UNWRITABLE
 */
export async function readLiveConditions(connect: Connect): Promise<LiveConditions> {
  try {
    return await withClient(connect, async (client) => {
      const { rows } = await client.query<Answer>(CONDITIONS)
      const { rules, ...settings } = rows[0]!
      return { rules, looseCommits: findLooseCommits(settings) }
    })
  } catch (error) {
    throw toStoreError(error)
  }
}

/** https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-SYNCHRONOUS-COMMIT */
function findLooseCommits({ commits, standbys }: Omit<Answer, 'rules'>): string | null {
  if (standbys.trim() === '') return 'its server waits for no standby: synchronous_standby_names is empty'
  if (commits === 'on' || commits === 'remote_apply') return null
  return `its server acknowledges commits before a standby has them on its disk: synchronous_commit is ${commits}`
}

/** Makes rules count from now on, as the owner of the schema. */
export async function publishRules(connectOwner: Connect, rules: LiveRules, host: string): Promise<void> {
  const { signers, revokedKeys, policy } = rules
  try {
    await withClient(connectOwner, (owner) =>
      owner.query(
        'insert into cutter_store.rules (signers, revoked_keys, policy, host) values ($1, $2, $3, $4)',
        [signers, revokedKeys, policy, host],
      ),
    )
  } catch (error) {
    throw toStoreError(error)
  }
}
