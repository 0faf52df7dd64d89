import { visible } from '../domain/visible.ts'

/** A table for a terminal. Columns are as wide as their widest cell. */
export function formatTable(head: string[], cells: string[][]): string[] {
  const rows = cells.map((row) => row.map((cell) => visible(cell)))
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  )
  const line = (row: string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd()
  return [line(head), ...rows.map(line)]
}
