import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connectClient } from './connections.ts'
import { type Cluster, serverOf, startCluster } from './pg-cluster.ts'

const run = promisify(execFile)

/**
 * Restores an instance from a snapshot of a running server, as a provider does: from its files, with its recovery.
 * @param isStandby whether its recovery does not end, as that of a replica
 */
export async function restoreSnapshot({ url, folder, uid }: Cluster, isStandby = false): Promise<Cluster> {
  const session = await connectClient(url())
  return startCluster(serverOf(15), 'postgres', async (data) => {
    const copy = (from: string, to: string) => run('cp', ['-a', from, to])
    await session.query(`select pg_backup_start('snapshot', true)`)
    await copy(join(folder, 'data'), data)
    const { rows } = await session.query<{ file: string }>(
      'select file from pg_backup_stop(false) as stopped (position, file, map)',
    )
    await copy(`${join(folder, 'data', 'pg_wal')}/.`, join(data, 'pg_wal'))
    await rm(join(data, 'postmaster.pid'), { force: true })
    const label = join(data, 'backup_label')
    await writeFile(label, rows[0]!.file)
    if (isStandby) await writeFile(join(data, 'standby.signal'), '')
    if (uid !== undefined) await run('chown', [String(uid), label])
    await session.end()
  })
}
