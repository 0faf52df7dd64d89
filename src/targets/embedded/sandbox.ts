import { spawnSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { findTrustedProgram } from '../../tools/trusted-folders.ts'
import type { SystemUser } from './server-location.ts'

/**
 * The sandbox of a server: a network namespace of its own, in which no address can be reached. Linux lets an ordinary user make one
 * within a user namespace, unless it is forbidden, as in many containers.
 */

/** What a sandbox is called in receipts. */
type Sandbox = 'no network' | 'none'

const FLAGS = ['--user', '--map-current-user', '--net', '--']

/**
 * Finds the command that starts a program in a sandbox, by trying it.
 * @param user who runs the program; null for the user of this process
 */
export function findSandbox(user: SystemUser | null): string[] | null {
  const unshare = process.platform === 'linux' ? findTrustedProgram('unshare') : null
  const trial = findTrustedProgram('true')
  if (unshare === null || trial === null) return null
  const options = { cwd: '/', env: {}, stdio: 'ignore' as const, ...(user ?? {}) }
  return spawnSync(unshare, [...FLAGS, trial], options).status === 0 ? [unshare, ...FLAGS] : null
}

/** Tells whether a process is in a sandbox. */
export function sandboxOf(pid: number): Sandbox {
  try {
    const network = (of: string) => readlinkSync(`/proc/${of}/ns/net`)
    if (network(String(pid)) !== network('self')) return 'no network'
  } catch {
    // Another system, or a process that has ended.
  }
  return 'none'
}
