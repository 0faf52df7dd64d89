import {
  accessSync,
  constants,
  lstatSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { shellQuote } from '../domain/shell-quote.ts'

/**
 * Whether others could have written what decides. The rules are OpenSSH's for authorized_keys (safe_path in its misc.c): a file and
 * every folder above it belongs to root or to the user whose process this is, and neither group nor others may write it. Two
 * exceptions, as in Debian's OpenSSH and in every /tmp: a group that nobody else is in, and a sticky folder, in which only the
 * owner of an entry can replace it. Links are looked at where they lie and where they lead. Access control lists are not
 * looked at, nor groups of a directory service.
 */

export interface FilesFault {
  file: string
  message: string
  next: string
}

/** Where the system says who is in a group. */
export interface GroupFiles {
  group: string
  passwd: string
}

const systemGroups: GroupFiles = { group: '/etc/group', passwd: '/etc/passwd' }

/** The first reason why others could have written the file or put another in its place, or null. A missing file is no reason. */
export function findWritableByOthers(file: string, uid: number, groups = systemGroups): FilesFault | null {
  for (const place of placesOf(resolve(file))) {
    const stats = statsOf(place)
    if (stats === null) continue
    if (stats.uid !== 0 && stats.uid !== uid) return foreign(file, place, stats, uid)
    const who = writers(stats, uid, groups)
    if (who !== null) return openToOthers(file, place, stats, who)
  }
  return null
}

/** The first reason why this very process could write the file or put another in its place, or null. */
export function findWritableByThisProcess(
  file: string,
  uid: number,
  todo = 'appoint approvers',
): FilesFault | null {
  const could = `so whoever operates here could ${todo} (approvals.strict is owner)`
  if (uid === 0) {
    const message = `this process runs as root and could write ${file}, ${could}`
    return { file, message, next: 'run Cutter as a user of its own, to whom that file does not belong' }
  }
  for (const place of placesOf(resolve(file))) {
    const stats = statsOf(place)
    if (stats === null || (stats.uid !== uid && !mayWrite(place, stats))) continue
    const how = stats.uid === uid ? 'owns' : 'may write'
    return {
      file,
      message: `user id ${uid}, as which this process runs, ${how} ${naming(file, place)}, ${could}`,
      next: `as root: chown root ${shellQuote(place)} && chmod go-w ${shellQuote(place)}`,
    }
  }
  return null
}

/** Every file, folder and link that has a say in what a path names, from the root downwards. */
function placesOf(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen
  if (dirname(path) !== path) placesOf(dirname(path), seen)
  seen.add(path)
  if (statsOf(path)?.isSymbolicLink() !== true) return seen
  placesOf(resolve(realpathSync(dirname(path)), readlinkSync(path)), seen)
  try {
    placesOf(realpathSync(path), seen)
  } catch {
    // It leads nowhere: the file is missing.
  }
  return seen
}

/** Null for what is not there, or lies where this user can't look: then it can't be read either, and vouches for nobody. */
function statsOf(place: string): Stats | null {
  try {
    return lstatSync(place)
  } catch {
    return null
  }
}

type Writers = 'group' | 'others'

function writers(stats: Stats, uid: number, groups: GroupFiles): Writers | null {
  const isSticky = stats.isDirectory() && (stats.mode & 0o1000) !== 0
  if (stats.isSymbolicLink() || isSticky) return null
  if ((stats.mode & 0o002) !== 0) return 'others'
  return (stats.mode & 0o020) !== 0 && !isOfOne(stats.gid, uid, groups) ? 'group' : null
}

/** Whether the group has members, and none but root and this user. What the system's files don't tell counts as no. */
function isOfOne(gid: number, uid: number, { group, passwd }: GroupFiles): boolean {
  // Users of macOS stand elsewhere than in its passwd file.
  if (process.platform === 'darwin') return false
  const users = fieldsOf(passwd).map(([name, , id, primary]) => ({ name, uid: Number(id), gid: primary }))
  const lines = fieldsOf(group).filter(([, , id]) => Number(id) === gid)
  const named = lines.flatMap(([, , , members = '']) => members.split(',').filter((name) => name !== ''))
  const uids = [
    ...named.map((name) => users.find((user) => user.name === name)?.uid),
    ...users.filter((user) => Number(user.gid) === gid).map((user) => user.uid),
  ]
  return lines.length > 0 && uids.length > 0 && uids.every((id) => id === 0 || id === uid)
}

function fieldsOf(file: string): string[][] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n')
    return lines.filter((line) => line.includes(':')).map((line) => line.split(':'))
  } catch {
    return []
  }
}

function mayWrite(place: string, stats: Stats): boolean {
  if (stats.isSymbolicLink() || (stats.isDirectory() && (stats.mode & 0o1000) !== 0)) return false
  try {
    accessSync(place, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function foreign(file: string, place: string, stats: Stats, uid: number): FilesFault {
  const whose = `belongs to user id ${stats.uid}, who is neither root nor the user that runs Cutter (${uid})`
  return {
    file,
    message: `${naming(file, place)} ${whose}, so it can't be relied on`,
    next: `as root, once you know what it holds: chown ${uid} ${shellQuote(place)}`,
  }
}

function openToOthers(file: string, place: string, stats: Stats, who: Writers): FilesFault {
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0')
  const whom = who === 'group' ? `its group (${stats.gid})` : 'everybody'
  return {
    file,
    message: `${naming(file, place)} has mode ${mode}: ${whom} may write it, so it can't be relied on`,
    next: `once you know what it holds: chmod go-w ${shellQuote(place)}`,
  }
}

const naming = (file: string, place: string) =>
  place === resolve(file) ? place : `${place}, on the way to ${file},`
