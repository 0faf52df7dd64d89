import { createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  createReadStream,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** The files of a backup: one, or those of a directory, which has no folders of its own. */

/** Makes the folder that holds the backups of a run. Only its owner can enter it. */
export function privateFolder(home: string, runId: string): string {
  const folder = join(home, 'var', 'backups', runId)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  return folder
}

export function syncToDisk(path: string): void {
  const opened = openSync(path, 'r')
  fsyncSync(opened)
  closeSync(opened)
}

const isFolder = (path: string) => statSync(path).isDirectory()

const filesIn = (path: string): string[] => (isFolder(path) ? readdirSync(path).sort() : [])

/** Takes a dump away from other users, and writes it to the disk. */
export function secureDump(path: string): void {
  for (const name of filesIn(path)) {
    chmodSync(join(path, name), 0o600)
    syncToDisk(join(path, name))
  }
  chmodSync(path, isFolder(path) ? 0o700 : 0o600)
  syncToDisk(path)
}

export const sizeOfDump = (path: string): number =>
  isFolder(path)
    ? filesIn(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0)
    : statSync(path).size

/** The SHA-256 of a file; of a directory that of its list, as `LC_ALL=C sha256sum *` prints it there. */
export async function digestOfDump(path: string): Promise<string> {
  if (!isFolder(path)) return digestOfFile(path)
  const list = createHash('sha256')
  for (const name of filesIn(path)) list.update(`${await digestOfFile(join(path, name))}  ${name}\n`)
  return list.digest('hex')
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
