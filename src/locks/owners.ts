import { randomBytes } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Owner } from '../domain/effect.ts'
import { CutterError } from '../domain/errors.ts'
import { isLocked, releaseLock, takeLock } from './exclusive-lock.ts'

/**
 * The processes that own something in a home. Each holds an exclusive lock on its own file `var/owners/<id>` until it ends. A host's name
 * and a process id identify nobody: containers share both.
 */
export interface Owners {
  /**
   * This process. The first call makes its file.
   * @throws STORE_UNWRITABLE when the file can't be made
   */
  self(): Owner
  /**
   * Whether the owner of an id still lives: exactly while its file is locked. `unknown` for what is no such id, for an owner of another
   * copy of the home or of its file, and for a free file on a file system that may not show the locks of other machines.
   */
  isAlive(id: string): boolean | 'unknown'
}

const known = new Map<string, Owners>()

/** The owners of a home. A process has one identity in each home. Makes nothing yet. */
export function openOwners(home: string): Owners {
  const folder = join(resolveHome(home), 'var', 'owners')
  const found = known.get(folder)
  if (found !== undefined) return found
  let self: Owner | null = null
  const owners: Owners = {
    self: () => (self ??= becomeOwner(folder)),
    isAlive(id) {
      if (!isOwnerId(id)) return 'unknown'
      if (id === self?.id || isLocked(join(folder, id))) return true
      return isInPlace(folder, id) && hasLocalLocks(folder) ? false : 'unknown'
    },
  }
  known.set(folder, owners)
  return owners
}

const ATTEMPTS = 20

function becomeOwner(folder: string): Owner {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o711 })
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const id = makeOwnerFile(folder)
      // Another process may remove the file between its making and its lock.
      if (!takeLock(join(folder, id))) continue
      removeAtExit(join(folder, id))
      removeDead(folder, id)
      return { id, host: hostname(), pid: process.pid }
    }
    throw new Error(`no file there could be locked in ${ATTEMPTS} attempts`)
  } catch (error) {
    throw new CutterError(
      'STORE_UNWRITABLE',
      `can't lock a file in ${folder}: ${(error as Error).message}; nothing was saved`,
      {
        next: 'check owner, mode and free space of the folder, or select another one with --home',
        data: { path: folder },
        cause: error,
      },
    )
  }
}

/**
 * Makes the file of an owner and returns the owner's id. The id names folder and file by device and inode, because a copy of them has no
 * locks while the owner lives.
 */
function makeOwnerFile(folder: string): string {
  const random = randomBytes(8).toString('hex')
  const made = join(folder, `new-${random}`)
  writeFileSync(made, '', { flag: 'wx', mode: 0o644 })
  const id = [random, inodeOf(folder), inodeOf(made)].join('_')
  renameSync(made, join(folder, id))
  return id
}

/** Whether folder and file of an owner are those that it made. Its file may be gone: another owner removes those of dead ones. */
function isInPlace(folder: string, id: string): boolean {
  const [, ofFolder, ofFile] = id.split('_')
  const found = inodeOf(join(folder, id))
  return ofFolder !== undefined && ofFolder === inodeOf(folder) && (found === null || found === ofFile)
}

/** Device and inode of a path. Null when there is nothing. */
function inodeOf(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? null : `${stat.dev}.${stat.ino}`
}

const files: string[] = []

/** One listener for the files of all homes. */
function removeAtExit(file: string): void {
  if (files.length === 0) process.once('exit', () => removeFiles(files))
  files.push(file)
}

function removeFiles(paths: string[]): void {
  for (const path of paths) rmSync(path, { force: true })
}

/**
 * Removes the files of processes that were killed. Each is removed under its own lock, so no process can take it meanwhile. A copied file
 * stays, because without it its owner would count as dead.
 */
function removeDead(folder: string, but: string): void {
  for (const id of readdirSync(folder)) {
    if (isLeftDraft(folder, id)) rmSync(join(folder, id), { force: true })
    if (id === but || !isOwnerId(id) || !isInPlace(folder, id)) continue
    const file = join(folder, id)
    try {
      if (!takeLock(file)) continue
      rmSync(file, { force: true })
      releaseLock(file)
    } catch {
      // The file of another user stays.
    }
  }
}

/** A process is killed between making its file and naming it. That takes microseconds, so a file of an earlier time has no owner. */
function isLeftDraft(folder: string, name: string): boolean {
  if (!name.startsWith('new-')) return false
  const stat = statSync(join(folder, name), { throwIfNoEntry: false })
  return stat !== undefined && Date.now() - stat.mtimeMs > LEFT_DRAFT_MS
}

const LEFT_DRAFT_MS = 10 * 60_000

const isOwnerId = (id: string) => /^[0-9a-f]{16}_\d+\.\d+_\d+\.\d+$/.test(id)

function resolveHome(home: string): string {
  try {
    return realpathSync(home)
  } catch {
    return home
  }
}

/** The file systems of Linux that are known to show each lock to every process (`statfs.f_type`, linux/magic.h). */
const LOCAL_FILE_SYSTEMS = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x1021994, // tmpfs
  0x794c7630, // overlayfs
  0x2fc12fc1, // zfs
  0xf2f52010, // f2fs
])

/** Whether every process that can reach the folder sees the locks in it. Only Linux has file systems that are asked. */
function hasLocalLocks(folder: string): boolean {
  if (process.platform !== 'linux') return true
  try {
    return LOCAL_FILE_SYSTEMS.has(statfsSync(folder).type)
  } catch (error) {
    // Nothing was ever owned in a home without that folder.
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}
