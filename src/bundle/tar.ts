import { once } from 'node:events'
import { extract, type Pack, pack } from 'tar-stream'
import { byCodeUnit } from './bundle-paths.ts'

/**
 * The canonical tar encoding of a set of files (POSIX ustar). Names are in the order of their code units, every header field except name
 * and size is fixed, and two blocks of zeros end it. So the same files always give the same bytes, and no byte can differ.
 */

export type Files = Map<string, Uint8Array>

/** Packs files. The result can be piped into any Node stream; the bytes of a file are not copied. */
export function packTar(files: Files): Pack {
  const tar = pack()
  void feed(tar, files).catch((error: Error) => tar.destroy(error))
  return tar
}

async function feed(tar: Pack, files: Files): Promise<void> {
  for (const [name, bytes] of [...files].sort(([a], [b]) => byCodeUnit(a, b))) {
    const header = { name, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) } as const
    const entry = tar.entry({ ...header, size: bytes.byteLength })
    const done = once(entry, 'close')
    entry.end(asBuffer(bytes))
    await done
  }
  tar.finalize()
}

/** The bytes as a Buffer. Nothing is copied: both share their memory. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The files of a tar are views of its bytes, not copies. */
type Unpacked = { files: Files } | { fault: string; file: string | null }

/** At most one folder deep. No name can be taken for a longer path or an option. */
const SAFE_NAME = /^(?:[a-z]+\/)?[A-Za-z0-9%_][A-Za-z0-9%@._+-]*$/

/** Whether the bytes begin as a POSIX tar. */
export const isTar = (bytes: Buffer) => bytes.subarray(257, 262).toString('latin1') === 'ustar'

/** Reads a tar. A fault means that it is not the canonical encoding of its files. */
export async function unpackTar(tar: Buffer): Promise<Unpacked> {
  const read = await readFiles(tar)
  if ('fault' in read) return read
  const at = await firstDifference(tar, packTar(read.files))
  if (at === null) return read
  return { fault: `byte ${at} differs from the canonical encoding`, file: null }
}

async function readFiles(tar: Buffer): Promise<Unpacked> {
  const files: Files = new Map()
  const reader = extract()
  reader.end(tar)
  try {
    for await (const entry of reader) {
      const { name, type } = entry.header
      const fault = faultInHeader(name, type, files)
      if (fault !== null) return { fault, file: name }
      const chunks: Buffer[] = []
      for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk)
      files.set(name, chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
    }
  } catch (error) {
    return { fault: `it can’t be read as a tar (${(error as Error).message})`, file: null }
  }
  return { files }
}

function faultInHeader(name: string, type: string | null | undefined, files: Files): string | null {
  if (type !== 'file') return `it holds an entry that is not a file (${type ?? 'unknown type'})`
  if (!SAFE_NAME.test(name)) return 'the name of a file is not valid in a bundle'
  return files.has(name) ? `it holds the file ${name} twice` : null
}

async function firstDifference(tar: Buffer, expected: Pack): Promise<number | null> {
  let offset = 0
  for await (const chunk of expected as AsyncIterable<Buffer>) {
    if (!chunk.equals(tar.subarray(offset, offset + chunk.length))) {
      const different = chunk.findIndex((byte, index) => byte !== tar[offset + index])
      return offset + different
    }
    offset += chunk.length
  }
  return offset === tar.length ? null : offset
}
