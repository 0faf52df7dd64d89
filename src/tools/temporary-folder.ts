import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Bytes that must fit into a temporary folder. */
const NEEDED = 1 << 18

/**
 * Makes a folder for temporary files, which only this user can enter. The usual place may be on a full or read-only disk, where people still
 * want to look, so there is a second one. The caller removes the folder.
 * @throws the error of the usual place when no place has room
 */
export async function makeTemporaryFolder(prefix: string, places = [tmpdir(), '/dev/shm']): Promise<string> {
  let failure: unknown
  for (const place of places) {
    let folder: string | null = null
    try {
      folder = await mkdtemp(join(place, prefix))
      const trial = join(folder, 'trial')
      await writeFile(trial, Buffer.alloc(NEEDED))
      await rm(trial)
      return folder
    } catch (error) {
      failure ??= error
      if (folder !== null) await rm(folder, { recursive: true, force: true })
    }
  }
  throw failure
}
