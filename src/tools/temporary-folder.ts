import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Bytes that must fit into a temporary folder. */
const NEEDED = 1 << 18

/**
 * Makes a folder for temporary files, which only this user can enter. The usual place may be on a full or read-only disk, where people still
 * want to look, so there is a second one. The caller removes the folder.
 * @throws the error of the usual place when no place has room
 */
export function makeTemporaryFolder(prefix: string, places = [tmpdir(), '/dev/shm']): string {
  let failure: unknown
  for (const place of places) {
    let folder: string | null = null
    try {
      folder = mkdtempSync(join(place, prefix))
      const trial = join(folder, 'trial')
      writeFileSync(trial, Buffer.alloc(NEEDED))
      rmSync(trial)
      return folder
    } catch (error) {
      failure ??= error
      if (folder !== null) rmSync(folder, { recursive: true, force: true })
    }
  }
  throw failure
}
