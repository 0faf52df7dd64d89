import type { StopFacts } from '../../domain/errors.ts'
import type { Status } from '../../domain/history-entry.ts'
import type { Mode, Outcome, Run } from '../../domain/run.ts'
import type { StopCode } from '../../domain/stop-codes.ts'
import type { RunStore } from '../../store/run-store.ts'
import { type Batch, type BatchRefusal, startKeyOf } from './batch-file.ts'
import { type BatchReading, findReading } from './find-reading.ts'

/** One document of a batch, with its run. */
interface BatchRow {
  document: string
  /** Absolute path. */
  source: string
  /** Null before the document has a run. */
  run: Run | null
  reading: BatchReading | null
  /** The error of the last attempt, or the one that kept the document from becoming a run. */
  error: BatchRefusal | null
}

/** What batch commands print with `--json`. */
export interface BatchAnswer {
  batchId: string
  folder: string
  mode: Mode
  target: string
  startedBy: string | null
  /** ISO 8601. */
  startedAt: string
  /** `closed`: runs that closed otherwise than as succeeded. `unstarted`: documents that a crash prevented. */
  counts: Record<DocumentStatus, number>
  documents: BatchDocumentAnswer[]
}

type DocumentStatus = 'paused' | 'stopped' | 'working' | 'succeeded' | 'closed' | 'refused' | 'unstarted'

export interface BatchDocumentAnswer {
  document: string
  source: string
  /** How the text was read; null before that, or without a run. */
  reading: BatchReading | null
  runId: string | null
  status: Status | null
  state: string | null
  gate: string | null
  planDigest: string | null
  stopCode: StopCode | null
  outcome: Outcome | null
  stop: StopFacts | null
  error: BatchRefusal | null
}

/** Reads the runs of a batch from the store, by their start keys. */
export async function readBatchRows(store: RunStore, batch: Batch): Promise<BatchRow[]> {
  return Promise.all(
    batch.documents.map(async (one) => {
      const { document, source } = one
      const run = await store.runByKey(startKeyOf(batch, one))
      const error = batch.refusals[document] ?? null
      return { document, source, run, reading: await findReading(store, run), error }
    }),
  )
}

/**
 * The answer of batch commands: each document with its run or its refusal, and the number of documents in each status. `rows` come from
 * `readBatchRows`.
 */
export function batchAnswer(batch: Batch, rows: BatchRow[]): BatchAnswer {
  const { batchId, folder, mode, target, startedBy, startedAt } = batch
  const documents = rows.map(documentAnswer)
  return { batchId, folder, mode, target, startedBy, startedAt, counts: countDocuments(documents), documents }
}

function documentAnswer({ document, source, run, reading, error }: BatchRow): BatchDocumentAnswer {
  return {
    document,
    source,
    reading,
    runId: run?.runId ?? null,
    status: run?.status ?? null,
    state: run?.state ?? null,
    gate: run?.gate ?? null,
    planDigest: run?.planDigest ?? null,
    stopCode: run?.stopCode ?? null,
    outcome: run?.outcome ?? null,
    stop: run?.stop ?? null,
    error,
  }
}

function countDocuments(documents: BatchDocumentAnswer[]): BatchAnswer['counts'] {
  const counts = { paused: 0, stopped: 0, working: 0, succeeded: 0, closed: 0, refused: 0, unstarted: 0 }
  for (const document of documents) counts[statusOf(document)] += 1
  return counts
}

function statusOf({ status, outcome, error }: BatchDocumentAnswer): DocumentStatus {
  if (status === null) return error === null ? 'unstarted' : 'refused'
  if (status !== 'closed') return status
  return outcome === 'succeeded' ? 'succeeded' : 'closed'
}
