import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, realpathSync, rmSync, statfsSync } from 'node:fs'
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
   * Whether the owner of an id still lives: exactly while its file is locked. `unknown` for what is no such id, and for a free file on
   * a file system that may not show the locks of other machines.
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
      return hasLocalLocks(folder) ? false : 'unknown'
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
      const id = randomBytes(8).toString('hex')
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

const files: string[] = []

/** One listener for the files of all homes. */
function removeAtExit(file: string): void {
  if (files.length === 0) process.once('exit', () => removeFiles(files))
  files.push(file)
}

function removeFiles(paths: string[]): void {
  for (const path of paths) rmSync(path, { force: true })
}

/** Removes the files of processes that were killed. Each is removed under its own lock, so no process can take it meanwhile. */
function removeDead(folder: string, but: string): void {
  for (const id of readdirSync(folder)) {
    if (id === but || !isOwnerId(id)) continue
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

const isOwnerId = (id: string) => /^[0-9a-f]{16}$/.test(id)

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
