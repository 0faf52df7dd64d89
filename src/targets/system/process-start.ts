import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { findTrustedProgram, TRUSTED_PATH } from '../../tools/trusted-folders.ts'

/**
 * With its start time a pid names one process of this pid namespace until the system restarts, because the system reuses pids. Linux
 * counts the start time from boot, so the id of the boot is a part of it there. A zombie counts as ended, because a container may never
 * collect it.
 */

/** When the process started, as an opaque text; null when it does not exist or this user can't see it. */
export function processStart(pid: number): string | null {
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid)
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

/** Names this start of the system, as `-` and eight digits; empty where the system does not say. */
export function bootMark(): string {
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
