import { readFile, stat } from 'node:fs/promises'
import { CutterError } from '../../domain/errors.ts'

const WHY: { [code: string]: string } = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'this process may not read it',
}

/**
 * Reads a document's bytes.
 *
 * @throws INPUT_REFUSED when the path is not a readable, non-empty file, or the file is a private key.
 */
export async function readSource(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array
  try {
    await assertFile(path)
    bytes = await readFile(path)
  } catch (cause) {
    const why = WHY[(cause as NodeJS.ErrnoException).code ?? ''] ?? (cause as Error).message
    throw new CutterError('INPUT_REFUSED', `the source ${path} cannot be used: ${why}; nothing was changed`, {
      next: 'name a file of UTF-8 text with --source',
      cause,
    })
  }
  // Evidence is kept permanently, and everyone who may start runs may read it.
  if (/^-----BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(Buffer.from(bytes.subarray(0, 80)).toString('latin1')))
    throw new CutterError('INPUT_REFUSED', `the source ${path} is a private key; nothing was changed`, {
      next: 'name a document with --source',
    })
  if (bytes.length > 0) return bytes
  throw new CutterError('INPUT_REFUSED', `the source ${path} is empty; nothing was changed`, {
    next: 'name a file of UTF-8 text with --source',
  })
}

/** Refuses a pipe or a device. It may be readable only once or have no end, and a pinned source is read again before a write. */
async function assertFile(path: string): Promise<void> {
  const found = await stat(path)
  if (found.isFile() || found.isDirectory()) return
  throw new Error('it is a pipe or a device, and a source must be a file that can be read again')
}
