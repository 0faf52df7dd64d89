import { realpath } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import type { App } from '../../app/open-app.ts'
import type { Home } from '../../app/open-home.ts'
import { documentIdFromFile } from '../../document/document-id.ts'
import { CutterError } from '../../domain/errors.ts'
import { digestOf, type Json } from '../../domain/json.ts'
import type { Mode, Run } from '../../domain/run.ts'
import { assertAcceptableCodes } from '../../effects/cut/accepted-problems.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertUnlimited } from '../access/scope.ts'
import { definedOnly } from '../defined.ts'
import { assertNotInterrupted, attempt } from './attempt.ts'
import { type BatchAnswer, batchAnswer, readBatchRows } from './batch-answer.ts'
import { type Batch, findBatch, saveBatch, startKeyOf } from './batch-file.ts'
import { listBatchDocuments } from './batch-folder.ts'
import { addGivenInput } from './given-input.ts'

/** The maximum number of documents planned concurrently. */
const MAX_CONCURRENT = 4

export interface StartBatchInput {
  /** The folder whose .md, .txt and .html files are the documents. */
  folder: string
  mode: Mode
  /** The database to cut into, by its name in cutter.yaml. */
  target: string
  /** A folder with more documents is refused. */
  limit: number
  /** Codes of problems that are accepted where they occur, separated by commas. */
  accept?: string | undefined
  /** Counts that documents must have: `article=30` of each, `LAW:article=12` of one. */
  expect?: readonly string[] | undefined
  /** The id of the batch; left out: made from folder, mode and target. */
  name?: string | undefined
  /** Label of the operator. */
  by?: string | undefined
  /** Is called after each document: how many of how many are planned or refused. */
  onDocument?: ((done: number, of: number) => void) | undefined
}

/**
 * Starts a run of `cut` for each document of a folder. A document that is refused or stops delays no other. The same folder, mode
 * and target, or the same name, is the same batch: starting it again continues it. Accepted problems and expected counts then hold for documents
 * without a run, and for those that stopped because of such a problem, which get another run.
 * @throws INPUT_REFUSED when the folder can't be read, is empty or has more documents than `limit`; KEY_REUSED when the name belongs
 * to another batch; USAGE when an accepted code does not exist
 */
export async function startBatch(home: Home, given: StartBatchInput): Promise<BatchAnswer> {
  assertRole(home, 'start batches')
  assertUnlimited(home, 'start batches')
  const app = await home.app()
  const folder = await realpath(resolve(home.cwd, given.folder)).catch((cause: Error) => {
    throw new CutterError('INPUT_REFUSED', `can't read the folder ${given.folder}: ${cause.message}`, {
      cause,
    })
  })
  const accept = given.accept === undefined ? undefined : assertAcceptableCodes(given.accept)
  const { config, deps, store } = app
  const documents = await listBatchDocuments(folder, { config, home: home.folder, limit: given.limit })
  const opened = openBatch(app, { ...given, folder }, documents)
  const batch = await addGivenInput(store, opened, { accept, expect: given.expect ?? [] })
  saveBatch(home.folder, batch)
  let done = 0
  const refusals = await forEachConcurrently(batch.documents, deps.interrupt, (one) =>
    attempt(() => startDocument(app, batch, one, given.by), deps).finally(() =>
      given.onDocument?.(++done, batch.documents.length),
    ),
  )
  const withRefusals = {
    ...batch,
    refusals: Object.fromEntries(
      batch.documents.flatMap(({ document }, index) => {
        const refusal = refusals[index]
        return refusal ? [[document, refusal]] : []
      }),
    ),
  }
  saveBatch(home.folder, withRefusals)
  return batchAnswer(withRefusals, await readBatchRows(store, withRefusals))
}

/** The batch of that name with the documents that came to the folder since, or a new one. */
function openBatch({ home, deps }: App, given: StartBatchInput, documents: Batch['documents']): Batch {
  const { folder, mode, target, name, by } = given
  const digest = digestOf({ folder, mode, target }).slice('sha256:'.length, 'sha256:'.length + 8)
  const batchId = name ?? `${documentIdFromFile(basename(folder))}-${digest}`
  const earlier = findBatch(home, batchId)
  if (earlier === null) {
    const startedAt = deps.clock.now().toISOString()
    return { batchId, folder, mode, target, startedBy: by ?? null, startedAt, documents, refusals: {} }
  }
  if (earlier.folder !== folder || earlier.mode !== mode || earlier.target !== target) {
    throw new CutterError(
      'KEY_REUSED',
      `batch ${batchId} is of ${earlier.folder}, ${earlier.mode}, target ${earlier.target}; nothing was started`,
      { next: 'give this one another --name' },
    )
  }
  // A document stays in the batch although its file may be gone.
  const known = new Set(earlier.documents.map(({ document }) => document))
  const added = documents.filter(({ document }) => !known.has(document))
  return { ...earlier, documents: [...earlier.documents, ...added] }
}

function startDocument(
  { engine }: App,
  batch: Batch,
  one: Batch['documents'][number],
  by: string | undefined,
): Promise<Run> {
  const input: { [key: string]: Json } = { ...one, target: batch.target }
  const key = startKeyOf(batch, one)
  return engine.start('cut', input, { mode: batch.mode, key, ...definedOnly({ by }) })
}

/** Results in the order of the items. After an interrupt no further item is started. */
async function forEachConcurrently<Item, Result>(
  items: Item[],
  interrupt: AbortSignal,
  work: (item: Item) => Promise<Result>,
): Promise<(Result | null)[]> {
  const results: (Result | null)[] = items.map(() => null)
  let next = 0
  const worker = async () => {
    while (next < items.length && !interrupt.aborted) {
      const index = next
      next += 1
      results[index] = await work(items[index]!)
    }
  }
  const workers = Array.from({ length: Math.min(MAX_CONCURRENT, items.length) }, worker)
  for (const ended of await Promise.allSettled(workers)) if (ended.status === 'rejected') throw ended.reason
  assertNotInterrupted(interrupt)
  return results
}
