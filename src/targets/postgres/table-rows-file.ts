import { closeSync, createReadStream, openSync, readSync, rmSync, statSync } from 'node:fs'
import type { Tool } from '../../tools/open-tools.ts'
import { runTool } from '../system/run-tool.ts'
import type { TableOfDump } from './rows-of-dump.ts'

/** The rows of one table of a dump in a file, which a COPY can read more than once. */
export interface TableRowsFile {
  /** Such as `COPY public.unit (id, title) FROM stdin`. */
  statement: string
  /** The settings with which the dump was written, as SQL. */
  settings: string
  /** The rows in the text format of COPY. */
  rows(): AsyncIterable<Buffer>
  remove(): void
}

/** More than the settings before a COPY take, and its list of columns. */
const HEAD_BYTES = 1_000_000
const END = '\\.\n'

/**
 * Writes the rows of a table of a dump into a new file, with the mode 0600.
 * @param source what pg_restore reads: a file as its input, or a folder by its path
 * @returns null when the dump has no rows of it
 * @throws Error when pg_restore fails
 */
export async function writeTableRows(
  tool: Tool,
  { schema, table }: TableOfDump,
  source: { args: string[]; input?: string; cwd: string; signal: AbortSignal },
  file: string,
): Promise<TableRowsFile | null> {
  const { args, ...options } = source
  rmSync(file, { force: true })
  const remove = () => rmSync(file, { force: true })
  try {
    const { code, stderr } = await runTool(
      tool,
      ['--data-only', `--schema=${schema}`, `--table=${table}`, '--file=-', ...args],
      { ...options, output: file },
    )
    if (code !== 0)
      throw new Error(`pg_restore could not read ${schema}.${table}: ${stderr.trim().slice(-500)}`)
    const size = statSync(file).size
    const head = readAt(file, 0, Math.min(size, HEAD_BYTES))
    const found = /^(COPY .* FROM stdin);\n/m.exec(head.toString('latin1'))
    const tail = readAt(file, Math.max(0, size - HEAD_BYTES), size).toString('latin1')
    const end = tail.lastIndexOf(`\n${END}`)
    if (found === null || end < 0) {
      remove()
      return null
    }
    const start = found.index + found[0].length
    const last = Math.max(0, size - HEAD_BYTES) + end
    return {
      statement: Buffer.from(found[1]!, 'latin1').toString(),
      settings: settingsIn(head.toString('latin1').slice(0, found.index)),
      rows: () => (last < start ? noRows() : createReadStream(file, { start, end: last })),
      remove,
    }
  } catch (error) {
    remove()
    throw error
  }
}

async function* noRows(): AsyncGenerator<Buffer> {}

/** What decides how the rows are read: their encoding, and the form of XML. */
const settingsIn = (head: string): string =>
  (head.match(/^SET (?:client_encoding|xmloption) = [^;\n]*;$/gm) ?? []).join('\n')

function readAt(file: string, from: number, to: number): Buffer {
  const bytes = Buffer.alloc(to - from)
  const opened = openSync(file, 'r')
  try {
    readSync(opened, bytes, 0, bytes.length, from)
  } finally {
    closeSync(opened)
  }
  return bytes
}
