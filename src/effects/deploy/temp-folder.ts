import { rmSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { releaseLock, takeLock } from '../../locks/exclusive-lock.ts'

/**
 * Each process has one folder in the temporary folder, with a file in it that it holds locked. The kernel frees the lock when the process ends,
 * whatever ended it, and other containers over the same folder see it. A host's name and a process id would identify nobody: containers share both.
 */
const PREFIX = 'cutter-deploy-process-'
const LOCK = 'lock'
const ATTEMPTS = 20
/** A folder without a lock is of a process that makes it now, or that was killed then. */
const HOUR_MS = 3_600_000

let own: Promise<string> | null = null

/** Creates a folder that only this user can enter. Removes those of dead processes first. Whoever creates it removes it. */
export async function createTempFolder(): Promise<string> {
  own ??= makeProcessFolder()
  own.catch(() => {
    own = null
  })
  return mkdtemp(join(await own, 'work-'))
}

async function makeProcessFolder(): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const folder = await mkdtemp(join(tmpdir(), PREFIX))
    // Another process may take the lock between its making and its locking, and removes the folder then.
    if (!takeLock(join(folder, LOCK))) continue
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    await removeDead(folder)
    return folder
  }
  throw new Error(`no folder in ${tmpdir()} could be locked in ${ATTEMPTS} attempts`)
}

async function removeDead(but: string): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(PREFIX))
  const others = names.map((name) => join(tmpdir(), name)).filter((folder) => folder !== but)
  // The folder of another user can't be locked or removed, and stays.
  await Promise.allSettled(others.map(removeIfDead))
}

/** Removes a folder under its own lock, so that no process can take it meanwhile. */
async function removeIfDead(folder: string): Promise<void> {
  const lock = join(folder, LOCK)
  const isNew = Date.now() - (await stat(folder)).mtimeMs < HOUR_MS
  if (isNew && !(await readdir(folder)).includes(LOCK)) return
  if (!takeLock(lock)) return
  await rm(folder, { recursive: true, force: true })
  releaseLock(lock)
}
