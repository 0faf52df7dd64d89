import { fitLines } from '../fit.ts'
import type { Line } from '../line.ts'
import { padTo, widthOf } from '../text-width.ts'

/** The second line of a table in Markdown. */
const RULE = /^\|(?: ?:?-+:? ?\|)+$/

/**
 * Fits a plan in Markdown to a width. A table that is wider becomes a block for each of its rows, with a line for each cell, because nothing that is
 * signed may be cut.
 * @param width in characters; null: the lines stay as they are
 */
export function fitPlan(lines: string[], width: number | null): Line[] {
  if (width === null) return lines
  const fitted: Line[] = []
  for (let at = 0; at < lines.length; ) {
    const end = endOfTable(lines, at)
    const table = lines.slice(at, end)
    if (end > at && table.some((line) => widthOf(line) > width)) fitted.push(...blocksOf(table, width))
    else fitted.push(...fitLines(end > at ? table : [lines[at]!], { width, hang: 0 }))
    at = Math.max(end, at + 1)
  }
  return fitted
}

/** The place after the table that begins at a line; the place itself where none does. */
function endOfTable(lines: string[], from: number): number {
  if (!lines[from]!.startsWith('|') || !RULE.test(lines[from + 1] ?? '')) return from
  const length = lines.slice(from).findIndex((line) => !line.startsWith('|'))
  return length < 0 ? lines.length : from + length
}

function blocksOf([head, , ...rows]: string[], width: number): Line[] {
  const titles = cellsOf(head!)
  const label = Math.max(...titles.map(widthOf))
  return rows.flatMap((row) =>
    fitLines(
      cellsOf(row).map((cell, at) => `${at === 0 ? '- ' : '  '}${padTo(titles[at] ?? '', label)}  ${cell}`),
      { width, hang: label + 4 },
    ),
  )
}

/** A bar in a cell has a backslash before it. */
const cellsOf = (row: string) =>
  row
    .replace(/^\|/, '')
    .replace(/\|\s*$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))
