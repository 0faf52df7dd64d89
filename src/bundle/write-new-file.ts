import { randomBytes } from 'node:crypto'
import { link, rename, rm, stat } from 'node:fs/promises'
import { CutterError } from '../domain/errors.ts'

/**
 * Refuses a file that exists, before anything is computed for it. `writeNewFile` checks again, because another process can create it in the
 * meantime.
 * @throws INPUT_REFUSED when something of that name exists
 */
export async function assertNewFile(file: string): Promise<void> {
  if ((await stat(file).catch(() => null)) !== null) throw fileExistsError(file)
}

/**
 * Writes a file that is complete or absent. `write` fills another file, which is then linked to the name, because a link never
 * replaces a file that another process made in the meantime.
 *
 * @throws INPUT_REFUSED when the file exists or can't be written; errors of `write` that are CutterErrors stay as they are.
 */
export async function writeNewFile(
  file: string,
  write: (unfinished: string) => Promise<void>,
): Promise<void> {
  const unfinished = `${file}.${randomBytes(4).toString('hex')}.unfinished`
  try {
    await write(unfinished)
    await link(unfinished, file).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw fileExistsError(file)
      // Some file systems have no links.
      await rename(unfinished, file)
    })
  } catch (error) {
    if (error instanceof CutterError) throw error
    throw new CutterError('INPUT_REFUSED', `can't write ${file}: ${(error as Error).message}`, {
      next: 'name a file in a writable folder with --out',
      cause: error,
    })
  } finally {
    await rm(unfinished, { force: true })
  }
}

/** The error of a file that may not be overwritten. */
export function fileExistsError(file: string): CutterError {
  return new CutterError('INPUT_REFUSED', `${file} exists already; nothing was written`, {
    next: 'name another file with --out',
  })
}
