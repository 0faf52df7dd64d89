import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Owner } from '../../domain/effect.ts'

/**
 * Who a process is. A pid alone says little, since it is given again after its process ended; with the start time
 * it names one process for as long as the system is up. Linux counts the start from boot, so the boot's own id is
 * part of it there. A zombie has ended: in a container nobody may ever collect it.
 */

/** When the process started, or null when there is no such process or it can't be seen. */
export function processStart(pid: number): string | null {
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid)
}

let me: Owner | null = null

export function thisProcess(): Owner {
  if (me?.pid !== process.pid) {
    me = { host: hostname(), pid: process.pid, processStart: processStart(process.pid) ?? 'unknown' }
  }
  return { ...me }
}

/** Whether the very process that is named still runs; 'unknown' for one on another host or hidden from this user. */
export function isOwnerAlive(owner: Owner): boolean | 'unknown' {
  if (owner.host !== thisProcess().host) return 'unknown'
  const start = processStart(owner.pid)
  if (start !== null) return start === owner.processStart
  return isHidden(owner.pid) ? 'unknown' : false
}

function startFromProc(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command's name, in brackets, may hold anything; what follows the last bracket has fixed places.
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
  // ps prints local time: with a fixed zone the same start is always the same text.
  const ps = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
  })
  const [state = '', ...start] = (ps.stdout ?? '').trim().split(/\s+/)
  return ps.status !== 0 || state === '' || state.startsWith('Z') ? null : start.join('-')
}

/** /proc can be mounted so that a user doesn't see the processes of others; signals still tell that they are there. */
function isHidden(pid: number): boolean {
  if (process.platform !== 'linux') return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
