import type { MigrationBundleFault } from './migration-bundle-spec.ts'

/**
 * Splits SQL files into statements with PostgreSQL's own parser (libpg-query of version 18, whose grammar includes that of older
 * versions). Offsets are bytes of the file's UTF-8.
 */

/** A statement of a file. `start` and `end` are offsets in bytes, `line` counts from 1. */
export interface SqlStatement {
  /** Position in the file, from 1. */
  number: number
  start: number
  end: number
  line: number
  text: string
  /** The parser's name for the statement, such as AlterTableStmt. */
  kind: string
  node: Node
}

type Node = { [field: string]: unknown }

interface Parsed {
  stmts?: { stmt: { [kind: string]: Node }; stmt_location?: number; stmt_len?: number }[]
}

/** Returns the statements of a file, or the fault because of which it can't be parsed. */
export async function parseStatements(
  file: string,
  text: string,
): Promise<{ statements: SqlStatement[] } | { fault: MigrationBundleFault }> {
  if (text.includes('\0'))
    return { fault: { file, message: 'holds a NUL, which is not allowed in a statement' } }
  if (text.startsWith('\ufeff'))
    return { fault: { file, line: 1, message: 'begins with a byte order mark; save it without' } }
  const { loadModule, parse } = await import('libpg-query')
  await loadModule()
  try {
    const parsed = (await parse(text)) as unknown as Parsed
    return { statements: locateStatements(Buffer.from(text), parsed) }
  } catch (error) {
    return { fault: unreadable(file, text, error as Error & { sqlDetails?: { cursorPosition?: number } }) }
  }
}

function locateStatements(bytes: Buffer, { stmts = [] }: Parsed): SqlStatement[] {
  const lineAt = lineCounter(bytes)
  return stmts.map(({ stmt, stmt_location = 0, stmt_len }, index) => {
    const end = stmt_len === undefined || stmt_len === 0 ? bytes.length : stmt_location + stmt_len
    const raw = bytes.subarray(stmt_location, end).toString('utf8')
    const lead = leading(raw)
    const start = stmt_location + Buffer.byteLength(lead)
    const [kind, node] = Object.entries(stmt)[0]!
    return { number: index + 1, start, end, line: lineAt(start), text: raw.slice(lead.length), kind, node }
  })
}

/** Finds the line of a byte, from 1, for offsets that rise. Each byte is read once, so that a long file takes time in proportion. */
function lineCounter(bytes: Buffer): (offset: number) => number {
  let line = 1
  let next = bytes.indexOf('\n')
  return (offset) => {
    for (; next !== -1 && next < offset; next = bytes.indexOf('\n', next + 1)) line += 1
    return line
  }
}

/** White space, or a comment to the end of its line. */
const SPACE = /\s+|--[^\n]*(?:\n|$)/y

/** The white space and comments before a statement. PostgreSQL's comments nest. */
function leading(text: string): string {
  let at = 0
  for (;;) {
    SPACE.lastIndex = at
    if (SPACE.test(text)) at = SPACE.lastIndex
    else if (text.startsWith('/*', at)) at = endOfComment(text, at)
    else return text.slice(0, at)
  }
}

function endOfComment(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at += 1) {
    const two = text.slice(at, at + 2)
    if (two === '/*') depth += 1
    else if (two === '*/') depth -= 1
    else continue
    at += 1
    if (depth === 0) return at + 1
  }
  return text.length
}

function unreadable(
  file: string,
  text: string,
  error: Error & { sqlDetails?: { cursorPosition?: number } },
): MigrationBundleFault {
  const at = error.sqlDetails?.cursorPosition
  if (at === undefined) return { file, message: error.message }
  const line = text.slice(0, at).split('\n').length
  if (COPY_DATA.test(text.slice(0, at))) return { file, line, message: COPY_FROM_STDIN }
  const message = text[at] === '\\' || text[at - 1] === '\\' ? BACKSLASH : error.message
  return { file, line, message }
}

/** A statement before the fault reads rows from the lines after it, as psql sends them. */
const COPY_DATA = /\bcopy\b[^;]*\bfrom\s+stdin\b[^;]*;/i

export const COPY_FROM_STDIN =
  'COPY … FROM stdin with its rows is a format of psql and pg_dump; write INSERT statements (pg_dump --inserts writes them)'

const BACKSLASH = 'a backslash command belongs to psql; the file is sent to the server as it is'
