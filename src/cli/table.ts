import { visible } from '../domain/visible.ts'
import { breaksOf, padTo, widthOf } from './text-width.ts'

const GAP = '  '
/** Columns are never narrower, in characters, so that a terminal which is too narrow for a table still shows words. */
const LEAST = 8
/** Begins what continues a cell: whoever wrote its text may have chosen where it breaks. */
const CONTINUED = '… '

/**
 * A table for a terminal. Columns are as wide as their widest cell. Where the table is wider than `width`, its widest columns get narrower, and
 * their cells continue below: nothing is cut, because ids and paths are copied from here.
 * @param width in characters; null: nothing is broken
 */
export function formatTable(head: string[], cells: string[][], width: number | null): string[] {
  const rows = cells.map((row) => row.map((cell) => visible(cell)))
  const natural = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => widthOf(row[column]!))),
  )
  const widths = width === null ? natural : narrowed(natural, width - GAP.length * (head.length - 1))
  const line = (row: string[]) =>
    row
      .map((cell, column) => padTo(cell, widths[column]!))
      .join(GAP)
      .trimEnd()
  return [head, ...rows].flatMap((row) => {
    const broken = row.map((cell, column) => piecesOf(cell, widths[column]!))
    const height = Math.max(...broken.map(({ length }) => length))
    return Array.from({ length: height }, (_, at) => line(broken.map((pieces) => pieces[at] ?? '')))
  })
}

/** Takes from the widest columns until all of them are at most `room` wide, or as narrow as columns get. */
function narrowed(natural: number[], room: number): number[] {
  const widths = [...natural]
  for (let over = sum(widths) - room; over > 0; over -= 1) {
    const widest = Math.max(...widths)
    if (widest <= LEAST) break
    // Of equal ones the last: the first ones name what a line is about.
    widths[widths.lastIndexOf(widest)] = widest - 1
  }
  return widths
}

const sum = (values: number[]) => values.reduce((all, one) => all + one, 0)

/** The lines of a cell that is at most so wide; each but the first begins with a mark. */
function piecesOf(text: string, width: number): string[] {
  if (widthOf(text) <= width) return [text]
  const end = breaksOf(text, width)[0]!.to
  const rest = text.slice(end).trimStart()
  const more = breaksOf(rest, width - CONTINUED.length)
  return [text.slice(0, end), ...more.map(({ from, to }) => CONTINUED + rest.slice(from, to))]
}
