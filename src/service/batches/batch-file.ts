import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CutterError } from '../../domain/errors.ts'

/**
 * A batch as stored in `var/batches/<id>.json`: its documents, and why one of them was refused before it became a run. The state of
 * its runs comes from the store, by their start keys, so that a crash between the two leaves nothing to repair.
 */
const batchSchema = z.object({
  batchId: z.string(),
  folder: z.string(),
  mode: z.enum(['dry-run', 'live']),
  target: z.string(),
  startedBy: z.string().nullable(),
  startedAt: z.string(),
  documents: z.array(
    z.object({
      document: z.string(),
      source: z.string(),
      profile: z.string().exactOptional(),
      /** Codes of problems that are accepted in it. */
      accept: z.string().exactOptional(),
      /** Counts of records by level that it must have. */
      expect: z.string().exactOptional(),
    }),
  ),
  refusals: z.record(
    z.string(),
    z.object({ code: z.string(), message: z.string(), next: z.string().exactOptional() }),
  ),
})

export type Batch = z.infer<typeof batchSchema>
export type BatchRefusal = Batch['refusals'][string]

/** The start key of a document's run. It includes accepted problems and expected counts, because the input of a run never changes. */
export const startKeyOf = (
  { batchId }: Pick<Batch, 'batchId'>,
  { document, accept, expect }: Pick<Batch['documents'][number], 'document' | 'accept' | 'expect'>,
) => ['batch', batchId, document, ...[accept, expect].filter((part) => part !== undefined)].join(':')

const folderOf = (home: string) => join(home, 'var', 'batches')

/** Saves a batch. The file is written under another name and renamed, so that a reader never sees an unfinished one. */
export function saveBatch(home: string, batch: Batch): void {
  mkdirSync(folderOf(home), { recursive: true })
  const file = join(folderOf(home), `${batch.batchId}.json`)
  const unfinished = `${file}.${randomBytes(4).toString('hex')}.unfinished`
  writeFileSync(unfinished, `${JSON.stringify(batch, null, 2)}\n`, { flush: true })
  renameSync(unfinished, file)
}

/** Lists the ids of all batches of a home, sorted. */
function batchIds(home: string): string[] {
  if (!existsSync(folderOf(home))) return []
  return readdirSync(folderOf(home))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .sort()
}

/** Finds a batch by its complete id; null when there is none. */
export function findBatch(home: string, batchId: string): Batch | null {
  return batchIds(home).includes(batchId) ? readBatch(home, batchId) : null
}

/**
 * Loads a batch by its id, or by a prefix or suffix that only one batch has; without a text: the only batch.
 * @throws INPUT_REFUSED when no batch matches or its file can't be read, USAGE when several match
 */
export function loadBatch(home: string, text: string | undefined): Batch {
  const ids = batchIds(home)
  if (text !== undefined && ids.includes(text)) return readBatch(home, text)
  const found = ids.filter((id) => text === undefined || id.startsWith(text) || id.endsWith(text))
  if (found.length === 1) return readBatch(home, found[0]!)
  const here = ids.length === 0 ? 'no batch was started here' : `there are: ${ids.join(', ')}`
  if (found.length === 0 && text !== undefined) {
    throw new CutterError('INPUT_REFUSED', `there is no batch ${text}; ${here}`, {
      next: 'cutter batch show',
    })
  }
  throw new CutterError('USAGE', `which batch? ${here}`, {
    next: ids.length === 0 ? 'cutter batch start <folder>' : 'cutter batch show <batch>',
  })
}

function readBatch(home: string, batchId: string): Batch {
  const file = join(folderOf(home), `${batchId}.json`)
  try {
    return batchSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new CutterError('INPUT_REFUSED', `${file} is not a valid batch: ${(cause as Error).message}`, {
      next: 'remove the file and start the folder again with the same name: runs that exist are found by their start keys',
      cause,
    })
  }
}
