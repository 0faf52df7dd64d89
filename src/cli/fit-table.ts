import { visible } from '../domain/visible.ts'
import type { Line } from './line.ts'
import { cutTo, padTo, widthOf } from './text-width.ts'

/** A column of a table for a terminal. */
export interface Column {
  title: string
  /** The width at most; wider cells are cut. The one column without it gets what the others leave. */
  most?: number
}

/** A part of a line. */
export type Cell = Exclude<Line, string>[number]

const GAP = '  '
/** What the last column gets at least, in characters. */
const LEAST_REST = 10

/** A table whose lines are at most `width` wide. Cells that are too wide are cut with `…`. */
export function fitTable(columns: Column[], rows: Cell[][], width: number): Line[] {
  const texts = rows.map((row) => row.map((cell) => visible(textOf(cell))))
  const widest = columns.map(({ title, most }, at) =>
    Math.min(most ?? width, Math.max(title.length, ...texts.map((row) => widthOf(row[at]!)))),
  )
  const gaps = GAP.length * (columns.length - 1)
  const fixed = widest.reduce((sum, one, at) => sum + (columns[at]!.most === undefined ? 0 : one), gaps)
  const widths = widest.map((one, at) =>
    columns[at]!.most === undefined ? Math.min(one, Math.max(LEAST_REST, width - fixed)) : one,
  )
  const line = (cells: string[], styleOf: (at: number) => Cell): Line =>
    cells.flatMap((text, at) => {
      const cut = cutTo(text, widths[at]!)
      const isLast = at === cells.length - 1
      const cell = styleOf(at)
      const shown = typeof cell === 'string' ? cut : { ...cell, text: cut }
      return isLast ? [shown] : [shown, padTo('', widths[at]! - widthOf(cut)) + GAP]
    })
  return [
    line(
      columns.map(({ title }) => title),
      () => ({ text: '', style: 'dim' }),
    ),
    ...texts.map((row, index) => line(row, (at) => rows[index]![at]!)),
  ]
}

const textOf = (cell: Cell) => (typeof cell === 'string' ? cell : cell.text)
