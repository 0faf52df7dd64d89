import type { SqlStatement } from './sql-statements.ts'

/** A lock that PostgreSQL documents for a statement outside of a transaction, where nothing can be measured and rolled back. */
export interface StandaloneLock {
  /** Such as `ShareUpdateExclusiveLock`. */
  mode: string
  /** What is locked, such as `the table`. */
  on: string
}

/**
 * The strongest locks that a statement outside of a transaction takes on relations, as the pages of the SQL commands document them:
 * https://www.postgresql.org/docs/current/sql-commands.html. Empty where it takes none.
 */
export function standaloneLocks(statement: SqlStatement): StandaloneLock[] {
  const { kind, node } = statement
  if (kind === 'VacuumStmt') {
    const on = node.rels === undefined ? 'each table in turn' : 'the table'
    return hasOption(node.options, 'full') ? [lock('AccessExclusive', on)] : vacuumLocks(node, on)
  }
  if (kind === 'ClusterStmt')
    return [
      lock('AccessExclusive', node.relation === undefined ? 'each clustered table in turn' : 'the table'),
    ]
  if (kind === 'ReindexStmt') return reindexLocks(node)
  if (kind === 'IndexStmt')
    return [lock(node.concurrent === true ? 'ShareUpdateExclusive' : 'Share', 'the table')]
  if (kind === 'DropStmt')
    return [
      lock(node.concurrent === true ? 'ShareUpdateExclusive' : 'AccessExclusive', 'the table of the index'),
    ]
  if (kind === 'AlterTableStmt')
    return [
      lock('ShareUpdateExclusive', 'the partitioned table'),
      lock('AccessExclusive', 'the partition, at the end'),
    ]
  return []
}

/** Whether an option in parentheses, or a keyword, is on. Its value may be a word or a number. */
export function hasOption(options: unknown, name: string): boolean {
  const list = (options ?? []) as { DefElem?: { defname?: string; arg?: unknown } }[]
  const found = list.findLast(({ DefElem }) => DefElem?.defname === name)?.DefElem
  return (
    found !== undefined &&
    !/"(?:false|off|no)"|"ival":0|"Integer":\{\}/i.test(JSON.stringify(found.arg ?? ''))
  )
}

const lock = (mode: string, on: string): StandaloneLock => ({ mode: `${mode}Lock`, on })

/** Where VACUUM may shorten a table, it briefly needs it alone, and gives up when somebody waits for it. */
const vacuumLocks = (node: SqlStatement['node'], on: string) => [
  lock('ShareUpdateExclusive', on),
  ...(/"defname":"truncate"/.test(JSON.stringify(node.options ?? [])) && !hasOption(node.options, 'truncate')
    ? []
    : [lock('AccessExclusive', `${on}, for a moment, to give empty pages at its end back`)]),
]

function reindexLocks(node: SqlStatement['node']): StandaloneLock[] {
  const isMany = node.relation === undefined
  const isConcurrent = hasOption(node.params, 'concurrently')
  const table = isMany ? 'each table in turn' : 'the table'
  return isConcurrent
    ? [lock('ShareUpdateExclusive', table)]
    : [lock('Share', table), lock('AccessExclusive', 'the index that is built')]
}
