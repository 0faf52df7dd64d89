import { readFile } from 'node:fs/promises'
import { CutterError } from '../../domain/errors.ts'
import type { Mode } from '../../domain/run.ts'
import { type Batch, loadBatch } from '../../service/batches/batch-file.ts'
import {
  type BatchRow,
  furtherAsTheyAre,
  furtherRehearsed,
  furtherUnder,
  resumeBatch,
  rowsOf,
  startBatch,
} from '../../service/batches/start.ts'
import { EXIT_OF_ERROR, exitOfRun } from '../exit-codes.ts'
import { answer, type Io, table } from '../io.ts'
import { type CommonOptions, command } from '../session.ts'

interface StartFlags extends CommonOptions {
  mode: Mode
  target: string
  limit: number
  accept?: string
  name?: string
  by?: string
}

export function batchStart(folder: string, options: StartFlags): Promise<number> {
  return command(options, async ({ app, io }) => {
    const { mode, target, limit, accept, name, by } = options
    const { batch, rows } = await startBatch(await app(), { folder, mode, target, limit, accept, name, by })
    return answerBatch(io, batch, rows)
  })
}

export function batchShow(text: string | undefined, options: CommonOptions): Promise<number> {
  return command(options, async ({ home, store, io }) => {
    const batch = loadBatch(home, text)
    return answerBatch(io, batch, await rowsOf(store, batch))
  })
}

interface ResumeFlags extends CommonOptions {
  approval: string[]
  approvals?: string
  rehearse?: boolean
  by?: string
}

export function batchResume(text: string | undefined, options: ResumeFlags): Promise<number> {
  return command(options, async ({ home, store, app, io }) => {
    const batch = loadBatch(home, text)
    const { approval, approvals, rehearse = false, by } = options
    const ids = [...new Set([...approval, ...(approvals === undefined ? [] : await idsIn(approvals))])]
    if (rehearse && ids.length > 0) {
      throw new CutterError('USAGE', '--rehearse makes its own approvals; give either it or approvals')
    }
    const opened = await app()
    const further = rehearse
      ? await furtherRehearsed(opened, batch, by ?? 'rehearsal')
      : ids.length > 0 || approvals !== undefined
        ? await furtherUnder(store, batch, ids)
        : await furtherAsTheyAre(store, batch)
    return answerBatch(io, batch, await resumeBatch(opened, batch, further, by))
  })
}

/** One id a line; what stands behind it, empty lines, and lines that begin with # are passed by. */
async function idsIn(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new CutterError('INPUT_REFUSED', `can't read ${file}: ${cause.message}; nothing was resumed`, {
      cause,
    })
  })
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim().split(/\s/)[0]!)
    .filter((id) => id !== '' && !id.startsWith('#'))
}

function answerBatch(io: Io, batch: Batch, rows: BatchRow[]): number {
  const { documents: _, refusals: __, ...facts } = batch
  const value = { ...facts, counts: countsOf(rows), documents: rows.map(shown) }
  answer(io, value, () => linesOf(batch, rows))
  return exitOfBatch(rows)
}

function shown({ document, source, run, error }: BatchRow) {
  const standing =
    run === null
      ? { status: null, state: null, gate: null, planDigest: null, stopCode: null, outcome: null, stop: null }
      : {
          ...{ status: run.status, state: run.state, gate: run.gate, planDigest: run.planDigest },
          ...{ stopCode: run.stopCode, outcome: run.outcome, stop: run.stop },
        }
  return { document, source, runId: run?.runId ?? null, ...standing, error }
}

function countsOf(rows: BatchRow[]) {
  const counts = { paused: 0, stopped: 0, working: 0, succeeded: 0, closed: 0, refused: 0, unstarted: 0 }
  for (const row of rows) counts[standingOf(row)] += 1
  return counts
}

function standingOf({ run, error }: BatchRow) {
  if (run === null) return error === null ? 'unstarted' : 'refused'
  if (run.status !== 'closed') return run.status
  return run.outcome === 'succeeded' ? 'succeeded' : 'closed'
}

function exitOfBatch(rows: BatchRow[]): number {
  const exits = rows.map(({ run, error }) => {
    if (error !== null) return EXIT_OF_ERROR[error.code as keyof typeof EXIT_OF_ERROR] ?? 1
    return run === null || run.status === 'working' ? 3 : exitOfRun(run)
  })
  if (exits.includes(1)) return 1
  return exits.every((exit) => exit === 0) ? 0 : 3
}

function linesOf(batch: Batch, rows: BatchRow[]): string[] {
  const counts = Object.entries(countsOf(rows)).flatMap(([name, n]) => (n === 0 ? [] : [`${n} ${name}`]))
  const asked = rows.filter(({ run }) => run?.status === 'paused')
  const next =
    asked.length === 0
      ? []
      : batch.mode === 'live'
        ? [
            `next    cutter approval sign <run> … for each, then cutter batch resume ${batch.batchId} --approval <id> …`,
          ]
        : [`next    cutter batch resume ${batch.batchId} --rehearse`]
  return [
    `batch   ${batch.batchId}   ${batch.mode}, target ${batch.target}, ${rows.length} documents: ${counts.join(', ')}`,
    '',
    ...table(
      ['DOCUMENT', 'RUN', 'STATUS', 'STATE', 'GATE', 'PLAN', 'STOP'],
      rows.map(({ document, run, error }) => [
        document,
        run?.runId ?? '-',
        run?.outcome ?? run?.status ?? (error === null ? 'unstarted' : 'refused'),
        run?.state ?? '-',
        run?.gate ?? '-',
        run?.planDigest?.slice(0, 'sha256:'.length + 12) ?? '-',
        error?.code ?? (run?.status === 'stopped' ? run.stopCode : '-'),
      ]),
    ),
    ...rows.flatMap(({ document, run, error }) => {
      const why = error?.message ?? (run?.status === 'stopped' ? run.stop.message : undefined)
      return why === undefined ? [] : ['', `${document}: ${why}`]
    }),
    ...(next.length === 0 ? [] : ['', ...next]),
  ]
}
