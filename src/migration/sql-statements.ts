import { namesSecret } from '../secrets/key-names.ts'
import type { MigrationBundleFault } from './migration-bundle.ts'

/**
 * SQL files by their statements, read by PostgreSQL's own parser (libpg-query: that of version 18, whose grammar holds that of
 * the older ones). Offsets are bytes of the file's UTF-8.
 */

export interface SqlStatement {
  /** From 1, in the order of the file. */
  number: number
  start: number
  end: number
  line: number
  text: string
  /** The parser's name for it, such as AlterTableStmt. */
  kind: string
  node: Node
}

type Node = { [field: string]: unknown }

interface Parsed {
  stmts?: { stmt: { [kind: string]: Node }; stmt_location?: number; stmt_len?: number }[]
}

/** The statements of a file, or the fault that keeps it from being read. */
export async function parseStatements(
  file: string,
  text: string,
): Promise<{ statements: SqlStatement[] } | { fault: MigrationBundleFault }> {
  if (text.includes('\0')) return { fault: { file, message: 'holds a NUL, which no statement can' } }
  if (text.startsWith('\ufeff'))
    return { fault: { file, line: 1, message: 'begins with a byte order mark; save it without' } }
  const { loadModule, parse } = await import('libpg-query')
  await loadModule()
  try {
    const parsed = (await parse(text)) as unknown as Parsed
    return { statements: placed(Buffer.from(text), parsed) }
  } catch (error) {
    return { fault: unreadable(file, text, error as Error & { sqlDetails?: { cursorPosition?: number } }) }
  }
}

function placed(bytes: Buffer, { stmts = [] }: Parsed): SqlStatement[] {
  return stmts.map(({ stmt, stmt_location = 0, stmt_len }, index) => {
    const end = stmt_len === undefined || stmt_len === 0 ? bytes.length : stmt_location + stmt_len
    const raw = bytes.subarray(stmt_location, end).toString('utf8')
    const lead = leading(raw)
    const start = stmt_location + Buffer.byteLength(lead)
    const [kind, node] = Object.entries(stmt)[0]!
    const line = bytes.subarray(0, start).toString('utf8').split('\n').length
    return { number: index + 1, start, end, line, text: raw.slice(lead.length), kind, node }
  })
}

/** White space and comments before a statement; comments of PostgreSQL nest. */
function leading(text: string): string {
  let at = 0
  for (;;) {
    const space = /^(\s+|--[^\n]*(\n|$))/.exec(text.slice(at))
    if (space !== null) at += space[0].length
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
  const message = text[at] === '\\' || text[at - 1] === '\\' ? BACKSLASH : error.message
  return { file, line, message }
}

const BACKSLASH = 'a backslash command belongs to psql; the file is sent to the server as it is'

/** Why a statement may not stand in a migration or a rollback at all, or null. */
export function findStatementRefusal({ kind, node }: SqlStatement): string | null {
  const text = JSON.stringify(node)
  const [, option] =
    [...text.matchAll(/"defname":"(\w+)","arg":\{"String"/g)].find(([, name]) => namesSecret(name!, '')) ?? []
  if (option !== undefined) return `its option ${option} holds a secret, which would be kept for good`
  const called = /"funcname":\[[^\]]*"sval":"(setval|lo_import|lo_export|dblink\w*)"\}\}\]/.exec(text)?.[1]
  if (called === 'setval') return 'setval is not undone by a rollback; write: alter sequence … restart with …'
  if (called !== undefined)
    return `${called} reaches beyond this database, so no rollback and no rehearsal would cover it`
  if (kind === 'TransactionStmt')
    return 'transaction control is Cutter’s: the whole file runs in one transaction'
  if (kind === 'CopyStmt') {
    const outside = node.filename !== undefined || node.is_program === true
    return outside
      ? 'COPY with a file or program reaches outside of the database'
      : 'COPY through the client’s stdin or stdout has no client here; use INSERT'
  }
  if (
    BEYOND.has(kind) ||
    [node.objtype, node.objectType, node.renameType].some((type) => SHARED.has(type as string))
  )
    return `${kind} reaches beyond this database, so neither backup nor rehearsal would cover it`
  if (kind === 'VariableSetStmt') {
    const name = String(node.name ?? 'all')
    if (node.kind === 'VAR_RESET_ALL' || OURS.has(name))
      return `${name} is set by Cutter, from ${name.endsWith('timeout') ? 'bundle.yaml' : 'the target’s login'}`
  }
  return null
}

/** What a GRANT, a COMMENT or another owner or name is given to. */
const SHARED = new Set(['OBJECT_DATABASE', 'OBJECT_ROLE', 'OBJECT_TABLESPACE'])

const BEYOND = new Set([
  'CreateRoleStmt',
  'AlterRoleStmt',
  'AlterRoleSetStmt',
  'DropRoleStmt',
  'GrantRoleStmt',
  'DropOwnedStmt',
  'ReassignOwnedStmt',
  'CreatedbStmt',
  'DropdbStmt',
  'AlterDatabaseStmt',
  'AlterDatabaseSetStmt',
  'AlterDatabaseRefreshCollStmt',
  'CreateTableSpaceStmt',
  'DropTableSpaceStmt',
  'AlterTableSpaceOptionsStmt',
  'AlterSystemStmt',
  'CreateSubscriptionStmt',
  'AlterSubscriptionStmt',
  'DropSubscriptionStmt',
  'LoadStmt',
  'DiscardStmt',
  'CheckPointStmt',
])

const OURS = new Set([
  'lock_timeout',
  'statement_timeout',
  'session_authorization',
  'standard_conforming_strings',
  'track_counts',
  'transaction_read_only',
  'transaction_isolation',
  'TRANSACTION',
  'SESSION CHARACTERISTICS',
])

/** Whether the server refuses a statement inside of a transaction. */
export function runsOutsideTransaction({ kind, node }: SqlStatement): boolean {
  if (kind === 'IndexStmt' || kind === 'DropStmt') return node.concurrent === true
  if (kind === 'VacuumStmt') return node.is_vacuumcmd === true
  if (kind === 'ClusterStmt') return node.relation === undefined
  if (kind === 'ReindexStmt') {
    const whole = /SCHEMA|DATABASE|SYSTEM/.test(String(node.kind))
    return whole || JSON.stringify(node.params ?? []).includes('"concurrently"')
  }
  return kind === 'AlterTableStmt' && JSON.stringify(node.cmds ?? []).includes('"concurrent":true')
}

/** ALTER TYPE … ADD VALUE runs in a transaction, but the value can be used only after it. */
export const mayRunOutsideTransaction = (statement: SqlStatement) =>
  runsOutsideTransaction(statement) ||
  (statement.kind === 'AlterEnumStmt' && statement.node.newVal !== undefined)

/** Why a statement is no check, or null: a check is a SELECT that neither writes nor locks. */
export function findCheckRefusal({ kind, node }: SqlStatement): string | null {
  if (kind !== 'SelectStmt') return `a check is a SELECT, this is ${kind}`
  const text = JSON.stringify(node)
  if (/"(InsertStmt|UpdateStmt|DeleteStmt|MergeStmt)":/.test(text)) return 'a check changes nothing'
  if (node.intoClause !== undefined) return 'SELECT INTO makes a table; a check changes nothing'
  if (node.lockingClause !== undefined) return 'a check locks no rows'
  return null
}
