import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'

/** A user without privileges, which each system has. */
export const NOBODY = { uid: 65534, gid: 65534 }

/** Why a process of another user can't be tried here, or null: a checkout below /root, or Node there, is closed to others. */
export function whyNotAsNobody(): string | null {
  if (process.getuid?.() !== 0) return 'only root can run a process as another user'
  const script = "require('better-sqlite3')"
  const { status } = spawnSync(process.execPath, ['-e', script], {
    cwd: resolve('.'),
    stdio: 'ignore',
    ...NOBODY,
  })
  return status === 0 ? null : 'another user can’t read node_modules here'
}
