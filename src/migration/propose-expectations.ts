import { type ExpectedCount, isExpected } from './expected-count.ts'
import type { MigrationBundleSpec } from './migration-bundle-spec.ts'
import type { MigrationOutcome, RowChanges } from './migration-outcome.ts'
import type { SqlStatement } from './sql-statements.ts'

/** The parts of bundle.yaml that a rehearsal can fill in. */
export type ProposedExpectations = Pick<MigrationBundleSpec, 'expect' | 'sideEffects'>

/** What is written where no statement of the script sets the columns. */
const UNNAMED = 'set by a trigger, a function or a cascade: no statement of the script names it'

/**
 * Turns what a script did on a rehearsal database into expectations. Columns that no statement of the script sets become side effects.
 * A side effect that the author described keeps its words, and a range in which the number lies stays.
 * @param outcome of all statements; `moved` names sequences that got another value by something else than inserted rows
 */
export function proposeExpectations(
  spec: MigrationBundleSpec,
  statements: SqlStatement[],
  { outcome, moved }: { outcome: MigrationOutcome; moved: string[] },
): ProposedExpectations {
  const named = namedColumns(statements)
  const rows: MigrationBundleSpec['expect']['rows'] = {}
  const sideEffects: MigrationBundleSpec['sideEffects'] = []
  for (const [table, counts] of Object.entries(outcome.rows)) {
    const changed = outcome.columns[table] ?? {}
    const isNamed = (column: string) => named.has(`${table.slice(table.indexOf('.') + 1)}.${column}`)
    const columns = Object.keys(changed)
    rows[table] = { ...withRanges(counts, spec.expect.rows[table]), columns: columns.filter(isNamed) }
    sideEffects.push(
      ...sideEffectsOf(
        spec,
        table,
        changed,
        columns.filter((column) => !isNamed(column)),
      ),
    )
  }
  // A range that allows no row stays where none was changed.
  for (const [table, { inserted, updated, deleted, columns }] of Object.entries(spec.expect.rows)) {
    const counts = { inserted, updated, deleted }
    const ranges = Object.values(counts).filter((one) => typeof one === 'object')
    if (rows[table] !== undefined || ranges.length === 0) continue
    if (Object.values(counts).every((one) => isExpected(one, 0))) rows[table] = { ...counts, columns }
  }
  const distributions = spec.expect.distributions.map((one) => ({
    ...one,
    rows: outcome.distributions.find(({ name }) => name === one.name)?.rows ?? one.rows,
  }))
  return { expect: { schema: outcome.schema, rows, sequences: moved, distributions }, sideEffects }
}

/** The author's range or words, where the number fits; else the number. */
const keptRange = (authored: ExpectedCount | undefined, found: number): ExpectedCount =>
  authored !== undefined && typeof authored !== 'number' && isExpected(authored, found) ? authored : found

const withRanges = (
  { inserted, updated, deleted }: RowChanges,
  authored: Partial<{ [how in keyof RowChanges]: ExpectedCount }> = {},
) => ({
  inserted: keptRange(authored.inserted, inserted),
  updated: keptRange(authored.updated, updated),
  deleted: keptRange(authored.deleted, deleted),
})

/** One side effect for each number of rows, because `rows` counts each of its columns. */
function sideEffectsOf(
  spec: MigrationBundleSpec,
  table: string,
  changed: { [column: string]: number },
  columns: string[],
): MigrationBundleSpec['sideEffects'] {
  const described = (column: string) =>
    spec.sideEffects.find((one) => one.table === table && one.columns.includes(column))?.what ?? UNNAMED
  const rangeOf = (column: string, rows: number) => {
    const authored = spec.sideEffects.find((one) => one.table === table && one.columns.includes(column))?.rows
    return keptRange(authored, rows)
  }
  const found = new Map<string, MigrationBundleSpec['sideEffects'][number]>()
  for (const column of columns) {
    const [what, rows] = [described(column), changed[column]!]
    const one = found.get(`${what} ${rows}`) ?? { what, table, columns: [], rows: rangeOf(column, rows) }
    one.columns.push(column)
    found.set(`${what} ${rows}`, one)
  }
  return [...found.values()]
}

/** The columns that statements set or change by their names, as table.column without schemas, because a search path may leave those out. */
function namedColumns(statements: SqlStatement[]): Set<string> {
  const found = new Set<string>()
  const walk = (value: unknown, table: string | null): void => {
    if (Array.isArray(value)) for (const one of value) walk(one, table)
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return
    const node = value as { [field: string]: unknown }
    const relation = node.relation as { relname?: string; RangeVar?: { relname?: string } } | undefined
    const own = relation?.relname ?? relation?.RangeVar?.relname ?? table
    for (const [field, inner] of Object.entries(node)) {
      if (own !== null && field === 'ResTarget') note(own, (inner as { name?: string }).name)
      if (own !== null && field === 'AlterTableCmd') note(own, (inner as { name?: string }).name)
      // The names of a subquery's columns are no columns of the table.
      walk(inner, field === 'SelectStmt' ? null : own)
    }
  }
  const note = (table: string, column: string | undefined) => {
    if (column !== undefined) found.add(`${table}.${column}`)
  }
  for (const { node } of statements) walk(node, null)
  return found
}
