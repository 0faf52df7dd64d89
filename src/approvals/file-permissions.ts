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
 * Finds whether other users could have written a file that decides. The rules are OpenSSH's for authorized_keys (safe_path in its misc.c):
 * a file and every folder above it belongs to root or to the user of this process, and neither group nor others may write it. Two
 * exceptions, as in Debian's OpenSSH and in every /tmp: a group without other members, and a sticky folder, in which only the owner of
 * an entry can replace it. A link is checked where it is and where it leads. Access control lists and groups of a directory service are
 * not checked.
 */

/** A file that another user could have written: which, why, and the command that corrects it. */
export interface FilesFault {
  file: string
  message: string
  next: string
}

/** The files that list the members of a group. */
interface GroupFiles {
  group: string
  passwd: string
}

const systemGroups: GroupFiles = { group: '/etc/group', passwd: '/etc/passwd' }

/** Finds the first reason why other users could have written or replaced the file. Null when there is none; a missing file has none. */
export function findWritableByOthers(file: string, uid: number, groups = systemGroups): FilesFault | null {
  for (const place of listPathParts(resolve(file))) {
    const stats = statsOf(place)
    if (stats === null) continue
    if (stats.uid !== 0 && stats.uid !== uid) return foreignOwnerFault(file, place, stats, uid)
    const who = writers(stats, uid, groups)
    if (who !== null) return openToOthersFault(file, place, stats, who)
  }
  return null
}

/**
 * Finds the first reason why this process itself could write or replace the file. Null when there is none.
 * @param todo what an operator could do by that, for the message
 */
export function findWritableByThisProcess(
  file: string,
  uid: number,
  todo = 'appoint approvers',
): FilesFault | null {
  const could = `so an operator could ${todo} (approvals.strict is owner)`
  if (uid === 0) {
    const message = `this process runs as root and could write ${file}, ${could}`
    return { file, message, next: 'run Cutter as a user of its own, who does not own that file' }
  }
  for (const place of listPathParts(resolve(file))) {
    const stats = statsOf(place)
    if (stats === null || (stats.uid !== uid && !mayWrite(place, stats))) continue
    const how = stats.uid === uid ? 'owns' : 'may write'
    return {
      file,
      message: `user id ${uid}, as which this process runs, ${how} ${place}${place === resolve(file) ? '' : `, on the path to ${file}`}, ${could}`,
      next: `as root: chown root ${shellQuote(place)} && chmod go-w ${shellQuote(place)}`,
    }
  }
  return null
}

/** Lists every file, folder and link that a path depends on, from the root downwards. */
function listPathParts(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen
  if (dirname(path) !== path) listPathParts(dirname(path), seen)
  seen.add(path)
  if (statsOf(path)?.isSymbolicLink() !== true) return seen
  listPathParts(resolve(realpathSync(dirname(path)), readlinkSync(path)), seen)
  try {
    listPathParts(realpathSync(path), seen)
  } catch {
    // The link leads nowhere, so the file is missing.
  }
  return seen
}

/** Null for a path that does not exist, or that this user cannot see. Then the file cannot be read either, and admits nobody. */
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
  return (stats.mode & 0o020) !== 0 && !hasNoOtherMembers(stats.gid, uid, groups) ? 'group' : null
}

/** Tells whether the group has members, and only root and this user. False when the system's files do not list them. */
function hasNoOtherMembers(gid: number, uid: number, { group, passwd }: GroupFiles): boolean {
  // macOS keeps its users elsewhere than in its passwd file.
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

function foreignOwnerFault(file: string, place: string, stats: Stats, uid: number): FilesFault {
  const whose = `belongs to user id ${stats.uid}, who is neither root nor the user that runs Cutter (${uid})`
  return {
    file,
    message: `${namePath(file, place)} ${whose}, so it cannot be relied on`,
    next: `as root, once you know what it holds: chown ${uid} ${shellQuote(place)}`,
  }
}

function openToOthersFault(file: string, place: string, stats: Stats, who: Writers): FilesFault {
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0')
  const whom = who === 'group' ? `its group (${stats.gid})` : 'everybody'
  return {
    file,
    message: `${namePath(file, place)} has mode ${mode}: ${whom} may write it, so it cannot be relied on`,
    next: `once you know what it holds: chmod go-w ${shellQuote(place)}`,
  }
}

const namePath = (file: string, place: string) =>
  place === resolve(file) ? place : `${place}, on the path to ${file},`
