import { textInLine } from '../../domain/visible.ts'
import type { RunAnswer } from '../../service/runs/run-answer.ts'
import { type Cell, type Column, fitTable } from '../fit-table.ts'
import { glanceOf, shortId, shortIds } from '../glance.ts'
import type { Line } from '../line.ts'
import { ago } from '../relative-time.ts'

interface RunColumn extends Column {
  cell(run: RunAnswer, now: Date): Cell
}

const STATUS: RunColumn = {
  title: 'STATUS',
  most: 18,
  cell(run) {
    const { sign, word, tone } = glanceOf(run, run.hold != null)
    return { text: `${sign} ${word}`, style: tone }
  },
}
const RUN: RunColumn = { title: 'RUN', most: 12, cell: ({ runId }) => shortId(runId) }
const ABOUT: RunColumn = { title: 'ABOUT', cell: ({ about }) => shortIds(textInLine(about)) }

const MODE: RunColumn = { title: 'MODE', most: 4, cell: ({ mode }) => (mode === 'live' ? 'live' : 'dry') }

const COLUMNS: RunColumn[] = [
  STATUS,
  RUN,
  { title: 'MACHINE', most: 12, cell: ({ machine }) => machine },
  MODE,
  { title: 'STARTED', most: 8, cell: ({ startedAt }, now) => ago(startedAt, now) },
  ABOUT,
]
/** Of a terminal on which the columns above leave no room. */
const NARROW: RunColumn[] = [{ ...STATUS, most: 14 }, RUN, MODE, ABOUT]
const NARROWEST = 76
/** A terminal that is narrower has no room for the mode either. */
const WITH_MODE = 56

/** Runs for people, one line each, at most `width` wide. A run on the line can be named by the id that is shown. */
export function fittedRuns(runs: RunAnswer[], width: number, now: Date): Line[] {
  const narrow = width < WITH_MODE ? NARROW.filter((column) => column !== MODE) : NARROW
  const columns = width < NARROWEST ? narrow : COLUMNS
  return fitTable(
    columns,
    runs.map((run) => columns.map(({ cell }) => cell(run, now))),
    width,
  )
}
