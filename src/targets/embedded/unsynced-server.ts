import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bootMark } from '../system/process-start.ts'
import type { Binaries } from './server-binaries.ts'
import type { ServerLocation } from './server-location.ts'

/**
 * A server that holds copies alone runs without waiting for the disk, which takes a quarter of a restore. The death of a process loses
 * nothing then, the death of the system may. A mark says which start of the system the files depend on. It goes when they were written
 * to the disk after a shutdown, as PostgreSQL demands: https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-FSYNC
 */

type Place = Pick<ServerLocation, 'unsynced' | 'data' | 'user'>

/** Settings of such a server. A table that is made and filled in one transaction needs no WAL then. */
export const UNSYNCED_SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '4GB',
  shared_buffers: '256MB',
}

/** Marks the files of a server before it starts. */
export function markUnsynced({ unsynced }: Place): void {
  if (unsynced !== null) writeFileSync(unsynced, bootMark(), { flush: true })
}

/** Whether the system has ended since the server was marked, so that its files may be incomplete. */
export function mayBeIncomplete({ unsynced }: Place): boolean {
  return unsynced !== null && existsSync(unsynced) && readFileSync(unsynced, 'utf8') !== bootMark()
}

/** Writes the files of a stopped server to the disk, and removes the mark. Where that fails, the mark remains. */
export async function syncStopped({ unsynced, data, user }: Place, binaries: Binaries): Promise<void> {
  if (unsynced === null || !existsSync(unsynced)) return
  const child = spawn(join(binaries.bin, 'initdb'), ['--sync-only', '-D', data], {
    cwd: '/',
    env: binaries.environment,
    stdio: 'ignore',
    ...(user ?? {}),
  })
  const code = await new Promise((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', resolve)
  })
  if (code === 0) rmSync(unsynced, { force: true })
}
