import { mkdirSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { App } from '../../app/open-app.ts'
import { documentIdFromFile } from '../../document/document-id.ts'
import { CutterError } from '../../domain/errors.ts'
import { digestOf, type Json } from '../../domain/json.ts'
import type { Mode, Run } from '../../domain/run.ts'
import { assertAcceptableCodes } from '../../effects/cut/accepted-problems.ts'
import type { RunStore } from '../../store/run-store.ts'
import { withLock } from '../../targets/system/file-lock.ts'
import { type Batch, type BatchRefusal, findBatch, saveBatch, startKeyOf } from './batch-file.ts'
import { listBatchDocuments } from './batch-folder.ts'

/** Documents are planned side by side, so many at once. */
const SIDE_BY_SIDE = 4

export interface BatchRow {
  document: string
  source: string
  /** Null before there is one. */
  run: Run | null
  /** What was refused, or went wrong, in what was just tried, or before the document became a run. */
  error: BatchRefusal | null
}

export interface BatchStart {
  folder: string
  mode: Mode
  target: string
  limit: number
  /** Codes of problems, with commas between, that are accepted where they occur. */
  accept?: string | undefined
  name?: string | undefined
  by?: string | undefined
}

/**
 * Starts a run for each document of a folder. One that is refused, or stops, holds no other. The same folder, mode and target, or
 * the same name, is the same batch: starting it again goes on with it. What is accepted then holds for documents without a run, and
 * for those that stopped because of that very problem, of which another run is started.
 */
export async function startBatch(app: App, given: BatchStart): Promise<{ batch: Batch; rows: BatchRow[] }> {
  const { home, config, parts } = app
  const folder = await realpath(given.folder).catch((cause: Error) => {
    throw new CutterError('INPUT_REFUSED', `can't read the folder ${given.folder}: ${cause.message}`, {
      cause,
    })
  })
  const accept = given.accept === undefined ? undefined : assertAcceptableCodes(given.accept)
  const documents = await listBatchDocuments(folder, { config, home, limit: given.limit })
  const batch = await accepting(app.store, batchOf(app, { ...given, folder }, documents), accept)
  saveBatch(home, batch)
  const tried = await eachOf(batch.documents, SIDE_BY_SIDE, parts.interrupt, (one) =>
    refusalOf(() => startDocument(app, batch, one, given.by), parts),
  )
  const refusals = Object.fromEntries(
    batch.documents.flatMap(({ document }, i) => (tried[i] === null ? [] : [[document, tried[i]!]])),
  )
  const told = { ...batch, refusals }
  saveBatch(home, told)
  return { batch: told, rows: await rowsOf(app.store, told) }
}

export async function rowsOf(store: RunStore, batch: Batch): Promise<BatchRow[]> {
  return Promise.all(
    batch.documents.map(async (one) => ({
      document: one.document,
      source: one.source,
      run: await store.runByKey(startKeyOf(batch, one)),
      error: batch.refusals[one.document] ?? null,
    })),
  )
}

/** How a run of the batch is taken further: under an approval, or as it is. */
export interface Further {
  runId: string
  approvalId?: string
  /** At which the approval decides. */
  gate?: string
}

/** One after the other, and one at a time in this home: what is written, by whom and in which order can be told. */
export async function resumeBatch(
  app: App,
  batch: Batch,
  further: Further[],
  by: string | undefined,
): Promise<BatchRow[]> {
  const { home, parts, engine, store } = app
  const refused = new Map<string, BatchRefusal>()
  const passed = new Set<string>()
  for (const { runId, approvalId, gate } of further) {
    if (parts.interrupt.aborted) throw new Error('interrupted')
    // Where a gate needs several people, the first of their approvals that is brought there takes the others along.
    if (gate !== undefined && passed.has(`${runId} ${gate}`)) continue
    const options = {
      ...(approvalId === undefined ? {} : { approvalId }),
      ...(by === undefined ? {} : { by }),
    }
    const refusal = await refusalOf(() => writing(home, () => engine.resume(runId, options)), parts)
    if (refusal === null) {
      passed.add(`${runId} ${gate}`)
      refused.delete(runId)
    } else refused.set(runId, refusal)
  }
  const rows = await rowsOf(store, batch)
  return rows.map((row) => ({
    ...row,
    error: refused.get(row.run?.runId ?? '') ?? (row.run === null ? row.error : null),
  }))
}

/**
 * Which runs these approvals take further. One that was used already is no fault: whoever repeats a list after a crash wants what
 * it began to be finished. Throws APPROVAL_NOT_FOUND, and INPUT_REFUSED for one that belongs to no run of the batch.
 */
export async function furtherUnder(store: RunStore, batch: Batch, approvalIds: string[]): Promise<Further[]> {
  const runs = new Map(
    (await rowsOf(store, batch)).flatMap(({ run }) => (run === null ? [] : [[run.runId, run]])),
  )
  const found = await Promise.all(
    approvalIds.map(async (approvalId): Promise<Further[]> => {
      const approval = await store.approval(approvalId)
      if (approval === null) {
        throw new CutterError(
          'APPROVAL_NOT_FOUND',
          `there is no approval ${approvalId} here; nothing was resumed`,
          {
            next: 'cutter approval list',
          },
        )
      }
      const run = runs.get(approval.statement.runId)
      if (run === undefined) {
        throw new CutterError(
          'INPUT_REFUSED',
          `approval ${approvalId} is for run ${approval.statement.runId}, which is not of batch ${batch.batchId}; nothing was resumed`,
          { next: `cutter batch show ${batch.batchId}` },
        )
      }
      const { runId } = run
      if (approval.usedAt === null) return [{ runId, approvalId, gate: approval.statement.gate }]
      return run.status === 'stopped' || run.status === 'working' ? [{ runId }] : []
    }),
  )
  return found.flat()
}

/** What stopped or was interrupted, to be taken up as it is. */
export async function furtherAsTheyAre(store: RunStore, batch: Batch): Promise<Further[]> {
  const rows = await rowsOf(store, batch)
  return rows.flatMap(({ run }) =>
    run !== null && (run.status === 'stopped' || run.status === 'working') ? [{ runId: run.runId }] : [],
  )
}

/** A rehearsal approval for each run that waits at a gate. Of a dry run only: live refuses them. */
export async function furtherRehearsed({ store, parts }: App, batch: Batch, as: string): Promise<Further[]> {
  if (batch.mode === 'live') {
    throw new CutterError('USAGE', `batch ${batch.batchId} is live: rehearsals count in dry runs alone`, {
      next: `cutter approval sign <run> --as <principal> --key <file>, then cutter batch resume ${batch.batchId} --approval <id>`,
    })
  }
  const { rehearseApproval } = await import('../../engine/manage-approvals.ts')
  const rows = await rowsOf(store, batch)
  const further: Further[] = []
  for (const { run } of rows) {
    if (run?.status !== 'paused') continue
    const { approvalId } = await rehearseApproval(parts, run.runId, { as, decision: 'approve', reason: '' })
    further.push({ runId: run.runId, approvalId })
  }
  return [...further, ...(await furtherAsTheyAre(store, batch))]
}

function batchOf({ home, parts }: App, given: BatchStart, documents: Batch['documents']): Batch {
  const { folder, mode, target, name, by } = given
  const batchId =
    name ?? `${documentIdFromFile(basename(folder))}-${digestOf({ folder, mode, target }).slice(7, 15)}`
  const before = findBatch(home, batchId)
  if (before === null) {
    const startedAt = parts.clock.now().toISOString()
    return { batchId, folder, mode, target, startedBy: by ?? null, startedAt, documents, refusals: {} }
  }
  if (before.folder !== folder || before.mode !== mode || before.target !== target) {
    throw new CutterError(
      'KEY_REUSED',
      `batch ${batchId} is of ${before.folder}, ${before.mode}, target ${before.target}; nothing was started`,
      { next: 'give this one another --name' },
    )
  }
  // What the batch had stays in it, though its file be gone; what has come to the folder since joins it.
  const known = new Set(before.documents.map(({ document }) => document))
  return {
    ...before,
    documents: [...before.documents, ...documents.filter(({ document }) => !known.has(document))],
  }
}

async function accepting(store: RunStore, batch: Batch, accept: string | undefined): Promise<Batch> {
  if (accept === undefined) return batch
  const rows = await rowsOf(store, batch)
  const documents = batch.documents.map((one, i) => {
    const run = rows[i]!.run
    return run === null || stoppedFor(run, accept.split(',')) ? { ...one, accept } : one
  })
  return { ...batch, documents }
}

function stoppedFor({ stop }: Run, codes: string[]): boolean {
  if (stop?.code !== 'STOP_REFUSED_INPUT') return false
  const problems = (stop.data?.problems ?? []) as { code?: string }[]
  return problems.some(({ code = '' }) => codes.includes(code))
}

function startDocument(
  { engine }: App,
  batch: Batch,
  one: Batch['documents'][number],
  by: string | undefined,
): Promise<Run> {
  const input: { [key: string]: Json } = { ...one, target: batch.target }
  const key = startKeyOf(batch, one)
  return engine.start('cut', input, { mode: batch.mode, key, ...(by === undefined ? {} : { by }) })
}

/** What one document's work was refused with, without secrets, so that the others go on; only an interrupt ends them all. */
async function refusalOf(
  work: () => Promise<unknown>,
  { interrupt, secrets }: App['parts'],
): Promise<BatchRefusal | null> {
  try {
    await work()
    return null
  } catch (error) {
    if (interrupt.aborted && !(error instanceof CutterError)) throw error
    const told = refusalIn(error)
    return secrets?.words(told) ?? told
  }
}

function refusalIn(error: unknown): BatchRefusal {
  if (error instanceof CutterError) {
    const { code, message, next } = error
    return { code, message, ...(next === undefined ? {} : { next }) }
  }
  return {
    code: 'INTERNAL',
    message: `internal error: ${error instanceof Error ? error.message : String(error)}`,
  }
}

/** Longer than any phase may last by default. */
const WAIT_MS = 15 * 60_000

function writing<T>(home: string, work: () => Promise<T>): Promise<T> {
  const folder = join(home, 'var', 'locks')
  mkdirSync(folder, { recursive: true })
  return withLock(join(folder, 'batch-writing.lock'), WAIT_MS, work)
}

/** Results in the order of the items; `width` of them are at work at once. After an interrupt none is begun. */
async function eachOf<T, R>(
  items: T[],
  width: number,
  interrupt: AbortSignal,
  work: (item: T) => Promise<R>,
): Promise<(R | null)[]> {
  const results: (R | null)[] = items.map(() => null)
  let next = 0
  const worker = async () => {
    while (next < items.length && !interrupt.aborted) {
      const at = next
      next += 1
      results[at] = await work(items[at]!)
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: Math.min(width, items.length) }, worker))
  for (const one of ended) if (one.status === 'rejected') throw one.reason
  if (interrupt.aborted) throw new Error('interrupted')
  return results
}
