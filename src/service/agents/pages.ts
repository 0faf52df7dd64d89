import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import type { HistoryEntry } from '../../domain/history-entry.ts'
import { scanDocument } from '../documents/scan.ts'
import { readRunHistory } from '../runs/history.ts'
import { keepUpload } from '../uploads.ts'

/**
 * Reads so many entries of a history from the one after `after` on. `next` continues it.
 * @throws RUN_NOT_FOUND, USAGE when several runs match
 */
export async function readHistoryPage(
  home: Home,
  { run, after, limit }: { run: string; after: number; limit: number },
): Promise<{ runId: string; entries: HistoryEntry[]; next: number | null }> {
  const { runId, entries } = await readRunHistory(home, { run, verify: false })
  const rest = entries.filter(({ seq }) => seq > after)
  const page = rest.slice(0, limit)
  return { runId, entries: page, next: rest.length > page.length ? page.at(-1)!.seq : null }
}

export interface ScanPageInput {
  /** The text itself; it is kept under its SHA-256 … */
  text?: string | undefined
  /** … or where the document is. */
  file?: string | undefined
  document?: string | undefined
  profile?: string | undefined
  expect?: string | undefined
  suspects: boolean
  /** The first record of the page, counted from 0. */
  from: number
  limit: number
}

/**
 * Scans a document that is sent as a text or named as a file, and answers a page of its records. `upload` names the sent text for a start.
 * @throws USAGE when neither is given, and what `scanDocument` throws
 */
export async function scanPage(home: Home, given: ScanPageInput) {
  const { text, from, limit, file, ...reading } = given
  if ((text ?? '') === '' && (file ?? '') === '')
    throw new CutterError(
      'INPUT_REFUSED',
      'neither a text nor a file was given, or it is empty; nothing was read',
      {
        next: 'send the document as text, or name what was sent as file: upload:<sha256>',
      },
    )
  const upload = text === undefined ? null : (await keepUpload(home, bytesOf(text))).upload
  const scan = await scanDocument(home, { ...reading, file: upload ?? file ?? '' })
  const records = scan.records.slice(from, from + limit)
  const isLast = from + records.length >= scan.records.length
  return {
    upload,
    recordCount: scan.records.length,
    next: isLast ? null : from + records.length,
    scan: { ...scan, records },
  }
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text, 'utf8')
}
