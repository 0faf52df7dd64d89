import { mkdirSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Home } from '../app/open-home.ts'
import { fileExistsError } from '../bundle/write-new-file.ts'
import { findOutputPath } from '../config/output-folder.ts'
import { CutterError } from '../domain/errors.ts'
import { makeTemporaryFolder } from '../tools/temporary-folder.ts'

/** Where a command writes: the path of a new file as the caller gave it, what takes a complete file, such as stdout, or a file of a client. */
export type Output = string | ((file: string) => Promise<void>) | ClientFile

/** A new file that a client of the service writes. */
interface ClientFile {
  /** Absolute path, on the client's computer. */
  path: string
  exists: boolean
  /** Sends the bytes of a file to the client, which writes them to the path. */
  send(path: string, file: string): Promise<void>
}

type Place = Pick<Home, 'cwd' | 'folder' | 'config' | 'caller'>

/**
 * Finds the absolute path at which a command may write what the caller asks for.
 * @throws as `findOutputPath`
 */
export async function outputPath(
  { cwd, folder, config }: Pick<Home, 'cwd' | 'folder' | 'config'>,
  given: string,
): Promise<string> {
  return findOutputPath({ home: folder, config: await config() }, resolve(cwd, given))
}

/**
 * Makes a folder, with those above it, unless it is there.
 * @throws INPUT_REFUSED when it can't be made
 */
export function makeOutputFolder(folder: string, mode = 0o777): void {
  try {
    mkdirSync(folder, { recursive: true, mode })
  } catch (error) {
    throw new CutterError(
      'INPUT_REFUSED',
      `can't make the folder ${folder}: ${(error as Error).message}; nothing was written`,
      { next: 'name a folder in a writable one', cause: error },
    )
  }
}

/**
 * Asserts that a command which makes several files overwrites none.
 * @throws INPUT_REFUSED when the folder is not empty or can't be used
 */
export function assertEmptyFolder(folder: string): void {
  let found: string[] = []
  try {
    found = readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new CutterError('INPUT_REFUSED', `${folder} can’t be used: ${(error as Error).message}`)
  }
  if (found.length === 0) return
  throw new CutterError('INPUT_REFUSED', `${folder} is not empty; nothing was written`, {
    next: 'give a folder that is new or empty',
  })
}

/**
 * Has a file written, and handed over when it is not for a path. The answer names it as `file`, which is then `-`.
 * @throws as `findOutputPath`, before anything is written
 */
export async function writeOutput<Written extends { file: string }>(
  place: Place,
  out: Output,
  write: (file: string) => Promise<Written>,
): Promise<Written> {
  if (typeof out === 'string') return write(await outputPath(place, out))
  const client = typeof out === 'function' ? null : out
  // What another user may write is for that user's own computer to say.
  const path =
    client === null ? '-' : place.caller === null ? await outputPath(place, client.path) : client.path
  if (client?.exists) throw fileExistsError(path)
  const folder = makeTemporaryFolder('cutter-output-')
  try {
    const written = await write(join(folder, 'output'))
    if (typeof out === 'function') await out(written.file)
    else await out.send(path, written.file)
    return { ...written, file: path }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
