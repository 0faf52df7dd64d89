import type { BatchAnswer, BatchDocumentAnswer } from '../../service/batches/batch-answer.ts'
import { printAnswer } from '../answers.ts'
import { EXIT_OF_ERROR, exitOfRun } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { formatTable } from '../table.ts'

/** The end of the help of batch commands. */
export const BATCH_SHAPE = `
--json prints { batchId, folder, mode, target, startedBy, startedAt, counts: { paused, stopped, working, succeeded, closed, refused, unstarted },
documents: [{ document, source, reading: { units, confidence, findings: { stop, accept, note } } | null, runId, status, state, gate, planDigest, stopCode, outcome, stop, error: { code, message, next } | null }] };
counts.closed are runs that closed otherwise than as succeeded, counts.refused are documents that could not become runs, counts.unstarted are
documents that a crash prevented.
Exit codes: 0 all wait at a gate or succeeded · 3 some are stopped, refused or closed otherwise · 1 one failed or met an internal error`

/** Prints a batch. Returns the exit code. */
export function printBatch(io: Io, batch: BatchAnswer): number {
  printAnswer(io, batch, () => linesOfBatch(batch))
  return exitOfBatch(batch.documents)
}

function exitOfBatch(documents: BatchDocumentAnswer[]): number {
  const exits = documents.map(({ status, outcome, error }) => {
    if (error !== null) return EXIT_OF_ERROR[error.code as keyof typeof EXIT_OF_ERROR] ?? 1
    return status === null || status === 'working' ? 3 : exitOfRun({ status, outcome })
  })
  if (exits.includes(1)) return 1
  return exits.every((exit) => exit === 0) ? 0 : 3
}

function linesOfBatch(batch: BatchAnswer): string[] {
  const { batchId, mode, target, documents } = batch
  const counts = Object.entries(batch.counts).flatMap(([name, count]) =>
    count === 0 ? [] : `${count} ${name}`,
  )
  return [
    `batch   ${batchId}   ${mode}, target ${target}, ${documents.length} documents: ${counts.join(', ')}`,
    '',
    ...formatTable(
      ['DOCUMENT', 'UNITS', 'CONFIDENCE', 'FINDINGS', 'RUN', 'STATUS', 'STATE', 'GATE', 'PLAN', 'STOP'],
      documents.map(cellsOf),
    ),
    ...documents.flatMap(linesOfCause),
    ...linesOfNext(batch),
  ]
}

function cellsOf(document: BatchDocumentAnswer): string[] {
  const { reading, runId, status, outcome, state, gate, planDigest, stopCode, error } = document
  return [
    document.document,
    reading === null ? '-' : String(reading.units),
    reading === null ? '-' : String(reading.confidence),
    findingsOf(reading),
    runId ?? '-',
    outcome ?? status ?? (error === null ? 'unstarted' : 'refused'),
    state ?? '-',
    gate ?? '-',
    planDigest?.slice(0, 'sha256:'.length + 12) ?? '-',
    error?.code ?? (status === 'stopped' ? stopCode! : '-'),
  ]
}

function findingsOf(reading: BatchDocumentAnswer['reading']): string {
  if (reading === null) return '-'
  const { stop, accept, note } = reading.findings
  const counts = [
    ...(stop === 0 ? [] : [`${stop} stop`]),
    ...(accept === 0 ? [] : [`${accept} accept`]),
    ...(note === 0 ? [] : [`${note} note`]),
  ]
  return counts.length === 0 ? 'none' : counts.join(', ')
}

function linesOfCause({ document, stop, error }: BatchDocumentAnswer): string[] {
  const cause = error?.message ?? stop?.message
  return cause === undefined ? [] : ['', `${document}: ${cause}`]
}

function linesOfNext({ batchId, mode, documents }: BatchAnswer): string[] {
  if (!documents.some(({ status }) => status === 'paused')) return []
  const next =
    mode === 'live'
      ? `cutter approval sign <run> … for each, then cutter batch resume ${batchId} --approval <id> …`
      : `cutter batch resume ${batchId} --rehearse`
  return ['', `next    ${next}`]
}

/** Shows a person at a terminal how many of a batch are done. */
export const showCount = (io: Pick<Io, 'err' | 'watched'>, what: string) => (done: number, of: number) => {
  if (io.watched) io.err(`     ${done} of ${of} ${what}`)
}
