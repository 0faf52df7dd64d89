import { readdir, realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Config } from '../../config/load-config.ts'
import { documentIdFromFile } from '../../document/document-id.ts'
import { CutterError } from '../../domain/errors.ts'

/** One document of a batch: the input of its run. */
interface BatchDocument {
  document: string
  /** Absolute path. */
  source: string
}

const DOCUMENT_FILE = /\.(md|markdown|txt|html|htm)$/i

/**
 * Lists the documents of a folder by name, without its subfolders and other files. A file that cutter.yaml registers gets its id
 * from there, every other file its id from its name.
 * @throws INPUT_REFUSED when there is no document or more than `limit`, or two would have the same id
 */
export async function listBatchDocuments(
  folder: string,
  { config, home, limit }: { config: Config; home: string; limit: number },
): Promise<BatchDocument[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: Error) => {
    throw folderError(`can't read the folder ${folder}: ${cause.message}`, cause)
  })
  const names = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.') && DOCUMENT_FILE.test(entry.name))
    .map(({ name }) => name)
    .sort()
  if (names.length === 0) throw folderError(`${folder} contains no document (.md, .txt, .html)`)
  if (names.length > limit)
    throw folderError(`${folder} contains ${names.length} documents, and a batch has at most ${limit}`)
  const registered = await registeredIn(config, home)
  const documents = await Promise.all(
    names.map(async (name): Promise<BatchDocument> => {
      const source = await realpath(join(folder, name))
      return { ...(registered.get(source) ?? { document: documentIdFromFile(name) }), source }
    }),
  )
  assertDistinctIds(documents)
  return documents
}

/** The registered documents by the real path of their source. A source that does not exist is left out. */
async function registeredIn({ documents }: Config, home: string) {
  const found = await Promise.all(
    Object.entries(documents).map(async ([document, { source }]) => {
      const path = await realpath(resolve(home, source)).catch(() => null)
      return path === null ? [] : [[path, { document }] as const]
    }),
  )
  return new Map(found.flat())
}

/** Addresses are in capitals, so ids that differ only in case would be the same document. */
function assertDistinctIds(documents: BatchDocument[]): void {
  const known = new Map<string, string>()
  for (const { document, source } of documents) {
    const other = known.get(document.toUpperCase())
    if (other !== undefined) throw folderError(`${other} and ${source} would both be document ${document}`)
    known.set(document.toUpperCase(), source)
  }
}

const folderError = (message: string, cause?: Error) =>
  new CutterError('INPUT_REFUSED', `${message}; nothing was started`, {
    next: 'a batch has a file for each document: rename or move files, or register them under documents: in cutter.yaml',
    cause,
  })
