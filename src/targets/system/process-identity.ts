import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Owner } from '../../domain/effect.ts'
import { findTrustedProgram, TRUSTED_PATH } from '../../tools/trusted-folders.ts'

/**
 * Identifies a process. A pid alone is not enough, because the system reuses it. With the start time it identifies one process
 * until the system restarts. Linux counts the start time from boot, so the id of the boot is a part of it there. A zombie counts
 * as ended, because a container may never collect it.
 */

/** When the process started, as an opaque text; null when it does not exist or this user can't see it. */
export function processStart(pid: number): string | null {
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid)
}

let self: Owner | null = null

/** Identifies the current process. */
export function thisProcess(): Owner {
  if (self?.pid !== process.pid) {
    self = { host: hostname(), pid: process.pid, processStart: processStart(process.pid) ?? 'unknown' }
  }
  return { ...self }
}

/** Whether this process still runs; 'unknown' for a process on another host or one that is hidden from this user. */
export function isOwnerAlive(owner: Owner): boolean | 'unknown' {
  if (owner.host !== thisProcess().host) return 'unknown'
  const start = processStart(owner.pid)
  if (start !== null) return start === owner.processStart
  return isHidden(owner.pid) ? 'unknown' : false
}

function startFromProc(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name of the command, in brackets, may hold any character. The fields after the last bracket have fixed positions (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, start] = [fields[0], fields[19]]
    return state === 'Z' || state === 'X' || start === undefined ? null : `${start}${bootMark()}`
  } catch {
    return null
  }
}

let boot: string | null = null

function bootMark(): string {
  if (boot === null) {
    try {
      boot = `-${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8)}`
    } catch {
      boot = ''
    }
  }
  return boot
}

function startFromPs(pid: number): string | null {
  // ps prints local time. With a fixed time zone the same start is always the same text.
  const ps = spawnSync(findTrustedProgram('ps') ?? '/bin/ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { PATH: TRUSTED_PATH, LC_ALL: 'C', TZ: 'UTC' },
  })
  const [state = '', ...start] = (ps.stdout ?? '').trim().split(/\s+/)
  return ps.status !== 0 || state === '' || state.startsWith('Z') ? null : start.join('-')
}

/** /proc may hide the processes of other users (hidepid). A signal still shows whether they exist. */
function isHidden(pid: number): boolean {
  if (process.platform !== 'linux') return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
