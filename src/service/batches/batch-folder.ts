import { readdir, realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Config } from '../../config/load-config.ts'
import { documentIdFromFile } from '../../document/document-id.ts'
import { CutterError } from '../../domain/errors.ts'

/** One document of a batch: what a run of its own is started with. */
export interface BatchDocument {
  document: string
  /** As an absolute path. */
  source: string
  profile?: string
}

const DOCUMENT_FILE = /\.(md|markdown|txt|html|htm)$/i

/**
 * The documents of a folder, by name; its own folders and files of other kinds are passed by. A file that cutter.yaml registers has
 * its id and profile from there, every other its id from its name. Throws INPUT_REFUSED where there are none or more than `limit`,
 * and where two would have one id.
 */
export async function listBatchDocuments(
  folder: string,
  { config, home, limit }: { config: Config; home: string; limit: number },
): Promise<BatchDocument[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: Error) => {
    throw refused(`can't read the folder ${folder}: ${cause.message}`, cause)
  })
  const names = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.') && DOCUMENT_FILE.test(entry.name))
    .map(({ name }) => name)
    .sort()
  if (names.length === 0) throw refused(`${folder} holds no document (.md, .txt, .html)`)
  if (names.length > limit)
    throw refused(`${folder} holds ${names.length} documents, and a batch has at most ${limit}`)
  const registered = await registeredIn(config, home)
  const documents = await Promise.all(
    names.map(async (name): Promise<BatchDocument> => {
      const source = await realpath(join(folder, name))
      return { ...(registered.get(source) ?? { document: documentIdFromFile(name) }), source }
    }),
  )
  refuseSameIds(documents)
  return documents
}

/** By the real path of the source. One whose file is not there registers nothing here. */
async function registeredIn({ documents }: Config, home: string) {
  const found = await Promise.all(
    Object.entries(documents).map(async ([document, { source, profile }]) => {
      const path = await realpath(resolve(home, source)).catch(() => null)
      return path === null
        ? []
        : [[path, { document, ...(profile === undefined ? {} : { profile }) }] as const]
    }),
  )
  return new Map(found.flat())
}

/** Addresses are in capitals, so ids that differ in case alone would be one document. */
function refuseSameIds(documents: BatchDocument[]): void {
  const known = new Map<string, string>()
  for (const { document, source } of documents) {
    const other = known.get(document.toUpperCase())
    if (other !== undefined) throw refused(`${other} and ${source} would both be document ${document}`)
    known.set(document.toUpperCase(), source)
  }
}

const refused = (message: string, cause?: Error) =>
  new CutterError('INPUT_REFUSED', `${message}; nothing was started`, {
    next: 'a batch has a file for each document: rename or move files, or register them under documents: in cutter.yaml',
    cause,
  })
