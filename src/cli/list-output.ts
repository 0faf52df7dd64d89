import { Option } from 'commander'
import { CutterError } from '../domain/errors.ts'
import { visible } from '../domain/visible.ts'
import type { Io } from './io.ts'
import type { Line } from './line.ts'

/** The forms in which commands print lists. */
export interface ListOutput {
  output?: 'json' | 'jsonl' | 'csv'
}

/** `--output`, for commands that print lists, or one thing that belongs into lists of others. */
export const outputOption = () =>
  new Option(
    '--output <format>',
    'json: as --json; jsonl: a line of JSON each; csv: for spreadsheets',
  ).choices(['json', 'jsonl', 'csv'])

/** Whether errors and the answer are JSON. */
export const asksForJson = ({ json = false, output }: ListOutput & { json?: boolean }): boolean =>
  json || output === 'json' || output === 'jsonl'

/** The fields of a run in a table. */
export const RUN_COLUMNS = [
  ...['runId', 'machine', 'version', 'mode', 'status', 'state', 'phase', 'gate', 'outcome', 'stopCode'],
  ...['planDigest', 'startedBy', 'startedAt', 'updatedAt', 'about'],
]

interface PrintedList {
  /** What `--json` prints. */
  value: unknown
  items: object[]
  /** The fields of a row, in order. */
  columns: string[]
  /** For people. */
  lines(): Line[]
}

/**
 * Prints a list in the form that `--output` asks for.
 * @throws USAGE when `--json` asks for another form
 */
export function printList(
  io: Io,
  { output, json }: ListOutput & { json?: boolean },
  { value, items, columns, lines }: PrintedList,
): void {
  if (json === true && output !== undefined && output !== 'json')
    throw new CutterError('USAGE', `--json and --output ${output} contradict each other`, {
      next: 'leave one of them out',
    })
  if (output === 'jsonl') for (const item of items) io.outJsonLine(item)
  else if (output === 'csv') io.outExactly(csvOf(columns, items))
  else if (io.json) io.outJson(value)
  else for (const line of lines()) io.out(line)
}

/** A table as RFC 4180 has it, with line feeds alone. */
export function csvOf(columns: string[], items: object[]): string {
  const rows = items.map((item) =>
    columns.map((column) => cellOf((item as { [field: string]: unknown })[column])),
  )
  return [columns, ...rows].map((cells) => `${cells.join(',')}\n`).join('')
}

/** Spreadsheets take a cell with one of these in front for a formula, and run it. */
const FORMULA = /^[=+\-@\t\r]/

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  const given = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const text = visible(given)
  const harmless = FORMULA.test(text) ? `'${text}` : text
  return /[",]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
