import { execFile } from 'node:child_process'
import { appendFile, chown, cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { type Cluster, startCluster } from './pg-cluster.ts'

const run = promisify(execFile)

/** A server that streams what another one writes. */
export interface Standby extends Cluster {
  /** Stops receiving, as if the network between both were cut. */
  disconnect(): Promise<void>
  reconnect(): Promise<void>
  /** Makes it a server of its own that can be written. It waits for no standby then. */
  promote(): Promise<void>
}

/** The name by which a server waits for it. */
const NAME = 'standby'

/** Runs SQL as a superuser. A superuser’s session waits for no standby. */
export async function asAdmin(url: string, ...statements: string[]): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('set synchronous_commit = local')
    let answer: pg.QueryResult | null = null
    for (const statement of statements) answer = await client.query(statement)
    return answer!
  } finally {
    await client.end()
  }
}

/** Makes the server wait at each commit until its standby has it on the disk; with false it waits for none. */
export async function waitForStandby({ url }: Cluster, waits: boolean): Promise<void> {
  const names = waits ? NAME : ''
  await asAdmin(url(), `alter system set synchronous_standby_names = '${names}'`, 'select pg_reload_conf()')
  const isSet = async () =>
    (await asAdmin(url(), 'show synchronous_standby_names')).rows[0]!.synchronous_standby_names === names
  while (!(await isSet())) await new Promise((resolve) => setTimeout(resolve, 50))
}

/**
 * Copies the files of a running server by the server’s own means for base backups, and starts a standby on them.
 * https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 */
export async function startStandby(primary: Cluster, programs: string | null): Promise<Standby> {
  const conninfo = `host=127.0.0.1 port=${primary.port} user=postgres application_name=${NAME}`
  const standby = await startCluster(programs, 'postgres', async (data) => {
    const client = new pg.Client({ connectionString: primary.url() })
    await client.connect()
    try {
      await client.query("select pg_backup_start('standby', true)")
      await cp(join(primary.folder, 'data'), data, {
        recursive: true,
        preserveTimestamps: true,
        filter: (path) => !path.endsWith('postmaster.pid') && !path.includes('pgsql_tmp'),
      })
      const { rows } = await client.query('select labelfile from pg_backup_stop(false)')
      await writeFile(join(data, 'backup_label'), rows[0]!.labelfile as string)
      await writeFile(join(data, 'standby.signal'), '')
      await appendFile(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`)
      await rm(join(data, 'postmaster.opts'), { force: true })
      if (primary.uid !== undefined) await run('chown', ['-R', String(primary.uid), data])
      await run('chmod', ['700', data])
    } finally {
      await client.end()
    }
  })
  if (primary.uid !== undefined) await chown(standby.folder, primary.uid, -1).catch(() => undefined)
  const receive = (from: string) =>
    asAdmin(standby.url(), `alter system set primary_conninfo = '${from}'`, 'select pg_reload_conf()')
  const isReceiving = async () =>
    ((await asAdmin(standby.url(), 'select from pg_stat_wal_receiver')).rowCount ?? 0) > 0
  const until = async (is: boolean) => {
    while ((await isReceiving()) !== is) await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await until(true)
  return {
    ...standby,
    async disconnect() {
      await receive('')
      await until(false)
    },
    async reconnect() {
      await receive(conninfo)
      await until(true)
    },
    async promote() {
      await asAdmin(standby.url(), 'select pg_promote(true, 60)')
      await waitForStandby(standby, false)
    },
  }
}
