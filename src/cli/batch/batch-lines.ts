import type { BatchAnswer, BatchDocumentAnswer } from '../../service/batches/batch-answer.ts'
import { printAnswer } from '../answers.ts'
import { EXIT_OF_ERROR, exitOfRun } from '../exit-codes.ts'
import { fitLines } from '../fit.ts'
import { type Cell, type Column, fitTable } from '../fit-table.ts'
import { glanceOf, shortId } from '../glance.ts'
import type { Io } from '../io.ts'
import type { Line } from '../line.ts'
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
  printAnswer(io, batch, () => linesOfBatch(batch, io.width))
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

/** @param width in characters; null: nothing is cut or broken */
function linesOfBatch(batch: BatchAnswer, width: number | null): Line[] {
  const { batchId, mode, target, documents } = batch
  const counts = Object.entries(batch.counts).flatMap(([name, count]) =>
    count === 0 ? [] : `${count} ${name}`,
  )
  const head = `batch   ${batchId}   ${mode}, target ${target}, ${documents.length} documents: ${counts.join(', ')}`
  if (width !== null)
    return [
      ...fitLines([head], { width, hang: LABEL }),
      '',
      ...fittedDocuments(documents, width),
      ...fitLines(linesOfNext(batch), { width, hang: LABEL }),
    ]
  return [
    head,
    '',
    ...formatTable(
      ['DOCUMENT', 'UNITS', 'CONFIDENCE', 'FINDINGS', 'RUN', 'STATUS', 'STATE', 'GATE', 'PLAN', 'STOP'],
      documents.map(cellsOf),
      null,
    ),
    ...documents.flatMap(linesOfCause),
    ...linesOfNext(batch),
  ]
}

const LABEL = 8
const STATUS: Column = { title: 'STATUS', most: 18 }
const RUN: Column = { title: 'RUN', most: 12 }
const DOCUMENT: Column = { title: 'DOCUMENT' }
const COLUMNS: Column[] = [
  STATUS,
  RUN,
  { title: 'UNITS', most: 6 },
  { title: 'FINDINGS', most: 22 },
  DOCUMENT,
]
const CONFIDENCE: Column = { title: 'CONFIDENCE', most: 10 }
/** A narrower terminal has no room for the confidence. */
const WITH_CONFIDENCE = 92
/** Of a terminal on which the columns above leave no room. */
const NARROW: Column[] = [STATUS, RUN, DOCUMENT]
const NARROWEST = 76
/** Why a document stopped or is refused stands below its line. */
const INDENT = 4

function fittedDocuments(documents: BatchDocumentAnswer[], width: number): Line[] {
  const isNarrow = width < NARROWEST
  const isWide = width >= WITH_CONFIDENCE
  const columns = isNarrow ? NARROW : isWide ? COLUMNS.toSpliced(3, 0, CONFIDENCE) : COLUMNS
  const cells = documents.map((one): Cell[] => {
    const [, units, confidence, findings] = cellsOf(one)
    const reading = isNarrow ? [] : isWide ? [units!, confidence!, findings!] : [units!, findings!]
    const run = one.runId === null ? '-' : shortId(one.runId)
    return [standingOf(one), run, ...reading, one.document]
  })
  const [head, ...lines] = fitTable(columns, cells, width)
  const below = documents.map(({ stop, error }) => {
    const cause = error?.message ?? stop?.message
    return cause === undefined ? [] : fitLines([' '.repeat(INDENT) + cause], { width, hang: INDENT })
  })
  return [head!, ...lines.flatMap((line, at) => [line, ...below[at]!])]
}

function standingOf({ status, outcome, gate, error }: BatchDocumentAnswer): Cell {
  if (status !== null) {
    const { sign, word, tone } = glanceOf({ status, outcome, gate }, false)
    return { text: `${sign} ${word}`, style: tone }
  }
  return error === null ? { text: '· unstarted', style: 'dim' } : { text: '✗ refused', style: 'trouble' }
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
