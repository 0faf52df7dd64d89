import type { Tool } from '../../tools/open-tools.ts'
import { runTool } from '../system/run-tool.ts'

/** A table of a dump, by the names that pg_dump gives it. */
export interface TableOfDump {
  schema: string
  table: string
}

const LINE_FEED = 10
const COPY_BEGINS = Buffer.from('COPY ')
const COPY_ENDS = Buffer.from('\\.\n')

/** What separates the fields of a row. A value has it as `\t`. */
const TAB = 9

/**
 * Reads the rows of one table out of a dump: the lines between `COPY … FROM stdin;` and `\.`. The fields of a row come in the order of the
 * names of its columns, by bytes. The bytes are valid only during the call.
 * @param source what pg_restore reads: a file as its input, or a folder by its path
 * @throws Error when pg_restore fails
 */
export async function readRowsOfDump(
  tool: Tool,
  { schema, table }: TableOfDump,
  source: { args: string[]; input?: string; cwd: string; signal: AbortSignal },
  onRow: (row: Buffer) => void,
): Promise<void> {
  const { args, ...options } = source
  const lines = new Lines()
  let order: number[] | null = null
  const { code, stderr } = await runTool(
    tool,
    ['--data-only', `--schema=${schema}`, `--table=${table}`, '--file=-', ...args],
    {
      ...options,
      onOutput: (piece) =>
        lines.add(piece, (line) => {
          if (line.equals(COPY_ENDS)) order = null
          else if (order !== null) onRow(inOrder(line, order))
          else if (line.subarray(0, COPY_BEGINS.length).equals(COPY_BEGINS)) order = orderOfColumns(line)
        }),
    },
  )
  if (code !== 0)
    throw new Error(`pg_restore could not read ${schema}.${table}: ${stderr.trim().slice(-500)}`)
}

/** The places of the columns that `COPY table (columns) FROM stdin;` names, in the order of their names. */
function orderOfColumns(line: Buffer): number[] {
  const list = /\((.*)\) FROM stdin;\n$/.exec(line.toString())?.[1] ?? ''
  const names = list.match(/"(?:[^"]|"")*"|[^\s,]+/g) ?? []
  const bytes = names.map((name) => Buffer.from(name.replace(/^"(.*)"$/, '$1').replaceAll('""', '"')))
  return bytes.map((_, at) => at).sort((one, other) => Buffer.compare(bytes[one]!, bytes[other]!))
}

function inOrder(line: Buffer, order: number[]): Buffer {
  if (order.every((place, at) => place === at)) return line
  const fields: Buffer[] = []
  let from = 0
  for (let at = line.indexOf(TAB); at >= 0; at = line.indexOf(TAB, from)) {
    fields.push(line.subarray(from, at))
    from = at + 1
  }
  fields.push(line.subarray(from, -1))
  const parts = order.flatMap((place) => [fields[place]!, Buffer.of(TAB)])
  return Buffer.concat([...parts.slice(0, -1), Buffer.of(LINE_FEED)])
}

/** Cuts pieces into lines, each with its line feed. */
class Lines {
  #rest: Buffer = Buffer.alloc(0)

  add(piece: Buffer, onLine: (line: Buffer) => void): void {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])
    let from = 0
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, from)) {
      onLine(bytes.subarray(from, at + 1))
      from = at + 1
    }
    this.#rest = bytes.subarray(from)
  }
}
