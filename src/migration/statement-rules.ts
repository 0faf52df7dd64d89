import { statementWords } from '../domain/statement-words.ts'
import { namesSecret } from '../secrets/key-names.ts'
import { COPY_FROM_STDIN, type SqlStatement } from './sql-statements.ts'
import { hasOption } from './standalone-locks.ts'

/** Returns why a statement is not allowed in a migration or a rollback, or null. */
export function findStatementRefusal({ kind, node }: SqlStatement): string | null {
  const text = JSON.stringify(node)
  const [, option] =
    [...text.matchAll(/"defname":"(\w+)","arg":\{"String"/g)].find(([, name]) => namesSecret(name!, '')) ?? []
  if (option !== undefined) return `its option ${option} holds a secret, which Cutter would store permanently`
  const called = /"funcname":\[[^\]]*"sval":"(setval|lo_import|lo_export|dblink\w*)"\}\}\]/.exec(text)?.[1]
  if (called === 'setval') return 'a rollback does not undo setval; write: alter sequence … restart with …'
  if (called !== undefined)
    return `${called} reaches beyond this database, so neither rollback nor rehearsal would cover it`
  if (kind === 'TransactionStmt')
    return 'transaction control is not allowed, because Cutter runs the file in one transaction'
  if (kind === 'CopyStmt') {
    const outside = node.filename !== undefined || node.is_program === true
    if (!outside && node.is_from === true) return COPY_FROM_STDIN
    return outside
      ? 'COPY with a file or program reaches outside of the database'
      : 'COPY … TO stdout gives its rows to nobody here; write a check, or leave it out'
  }
  if (
    OUTSIDE_DATABASE.has(kind) ||
    [node.objtype, node.objectType, node.renameType].some((type) => SERVER_OBJECTS.has(type as string))
  )
    return `${statementWords(kind)} reaches beyond this database, so neither backup nor rehearsal would cover it`
  if (kind === 'VariableSetStmt') {
    const name = String(node.name ?? 'all')
    if (node.kind === 'VAR_RESET_ALL' || SET_BY_CUTTER.has(name))
      return `${name} is set by Cutter, from ${name.endsWith('timeout') ? 'bundle.yaml' : 'the target’s login'}`
  }
  return null
}

/** Objects of the server to which a GRANT, a COMMENT, a new owner or a new name may apply. */
const SERVER_OBJECTS = new Set(['OBJECT_DATABASE', 'OBJECT_ROLE', 'OBJECT_TABLESPACE'])

const OUTSIDE_DATABASE = new Set([
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

const SET_BY_CUTTER = new Set([
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

/** Whether the server rejects a statement inside of a transaction. */
export function runsOutsideTransaction({ kind, node }: SqlStatement): boolean {
  if (kind === 'IndexStmt' || kind === 'DropStmt') return node.concurrent === true
  if (kind === 'VacuumStmt') return node.is_vacuumcmd === true
  if (kind === 'ClusterStmt') return node.relation === undefined
  if (kind === 'ReindexStmt') {
    const many = /SCHEMA|DATABASE|SYSTEM/.test(String(node.kind))
    return many || hasOption(node.params, 'concurrently')
  }
  return kind === 'AlterTableStmt' && JSON.stringify(node.cmds ?? []).includes('"concurrent":true')
}

/**
 * ALTER TYPE … ADD VALUE may also run in a transaction, but the value can be used only after the commit. Of a partitioned table the server
 * rejects CLUSTER and REINDEX inside of one, and the statement alone does not show what it is of.
 */
export const mayRunOutsideTransaction = (statement: SqlStatement) =>
  runsOutsideTransaction(statement) ||
  statement.kind === 'ClusterStmt' ||
  statement.kind === 'ReindexStmt' ||
  (statement.kind === 'AlterEnumStmt' && statement.node.newVal !== undefined)

/** Whether a statement may be repeated in batches. */
export const changesRows = ({ kind }: SqlStatement): boolean =>
  ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'].includes(kind)

/** Returns why a statement is not a valid check, or null. A check is a SELECT that neither writes nor locks. */
export function findCheckRefusal({ kind, node }: SqlStatement): string | null {
  if (kind !== 'SelectStmt') return `a check must be a SELECT, this is ${kind}`
  const text = JSON.stringify(node)
  if (/"(InsertStmt|UpdateStmt|DeleteStmt|MergeStmt)":/.test(text)) return 'a check must not change rows'
  if (node.intoClause !== undefined) return 'SELECT INTO creates a table, which a check must not'
  if (text.includes('"lockingClause":')) return 'a check must not lock rows'
  return null
}
