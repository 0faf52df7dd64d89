import { readFile, stat } from 'node:fs/promises'
import { CutterError } from '../../domain/errors.ts'

const WHY: { [code: string]: string } = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'it can’t be read with the rights of this process',
}

/** A document's bytes. Throws INPUT_REFUSED for what is no readable, non-empty file, and for a private key. */
export async function readSource(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array
  try {
    await refuseOtherThanFile(path)
    bytes = await readFile(path)
  } catch (cause) {
    const why = WHY[(cause as NodeJS.ErrnoException).code ?? ''] ?? (cause as Error).message
    throw new CutterError('INPUT_REFUSED', `the source ${path} can’t be used: ${why}; nothing was touched`, {
      next: 'name a file of UTF-8 text with --source',
      cause,
    })
  }
  // It would be kept for good, and whoever may start runs may read them.
  if (/^-----BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(Buffer.from(bytes.subarray(0, 80)).toString('latin1')))
    throw new CutterError('INPUT_REFUSED', `the source ${path} is a private key; nothing was touched`, {
      next: 'name a document with --source',
    })
  if (bytes.length > 0) return bytes
  throw new CutterError('INPUT_REFUSED', `the source ${path} is empty; nothing was touched`, {
    next: 'name a file of UTF-8 text with --source',
  })
}

/** A pipe or a device could be read once, or without end; a pinned source is read again before it is acted on. */
async function refuseOtherThanFile(path: string): Promise<void> {
  const found = await stat(path)
  if (found.isFile() || found.isDirectory()) return
  throw new Error('it is a pipe or a device, and a source must be a file that can be read again')
}
