import { countWords } from '../domain/count-words.ts'
import { canonicalJson, type Json } from '../domain/json.ts'
import { onlyIn, type SchemaDifference } from './catalogue.ts'
import { type ExpectedCount, isExpected, isRange } from './expected-count.ts'
import type { MigrationBundleSpec } from './migration-bundle-spec.ts'

/** What a migration did, as measured inside its own transaction, in a rehearsal and on the target alike. */
export interface MigrationOutcome {
  schema: SchemaDifference
  /** Changed rows by table. Tables without a change are left out. */
  rows: { [table: string]: RowChanges }
  /** Tables whose storage was replaced: rewritten, truncated or recreated. */
  rewritten: string[]
  /** For tables with updated rows: in how many rows each existing column got another value; 0 is left out. */
  columns: { [table: string]: { [column: string]: number } }
  distributions: { name: string; rows: Json[] }[]
  /** Digest of the definitions that were added or changed. */
  madeDigest: string
}

/** Numbers of rows. */
export interface RowChanges {
  inserted: number
  updated: number
  deleted: number
}

const NONE: RowChanges = { inserted: 0, updated: 0, deleted: 0 }

/** Returns a line for each difference from what bundle.yaml states. */
export function findUnexpectedChanges(
  spec: Pick<MigrationBundleSpec, 'expect' | 'sideEffects'>,
  outcome: MigrationOutcome,
): string[] {
  return [
    ...compareExpectedSchema(spec.expect.schema, outcome.schema),
    ...rowLines(spec.expect.rows, outcome.rows),
    ...columnLines(spec, outcome),
    ...compareDistributions(spec.expect.distributions, outcome.distributions),
  ]
}

/** Compares the sequences that moved in a rehearsal. On a target it is not done, because others move sequences as well. */
export const compareMovedSequences = (expected: string[], moved: string[]) => [
  ...onlyIn(moved, expected).map((name) => `sequence ${name} was moved, which is not expected`),
  ...onlyIn(expected, moved).map((name) => `sequence ${name} was expected to be moved, and was not`),
]

/** Returns a line for each object whose change was not expected, or was expected and did not happen. */
export function compareExpectedSchema(expected: SchemaDifference, found: SchemaDifference): string[] {
  return (['added', 'removed', 'changed'] as const).flatMap((how) => [
    ...onlyIn(found[how], expected[how]).map((name) => `${name} was ${how}, which is not expected`),
    ...onlyIn(expected[how], found[how]).map((name) => `${name} was expected to be ${how}, and was not`),
  ])
}

type ExpectedRows = { [table: string]: { [how in keyof RowChanges]: ExpectedCount } }

/** Returns a line for each table of which another number of rows was changed. */
export function rowLines(expected: ExpectedRows, found: { [table: string]: RowChanges }): string[] {
  const tables = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort()
  return tables.flatMap((table) =>
    (['inserted', 'updated', 'deleted'] as const).flatMap((how) => {
      const want = (expected[table] ?? NONE)[how]
      const have = (found[table] ?? NONE)[how]
      return isExpected(want, have) ? [] : [`${table}: ${have} rows ${how}, ${countWords(want)} expected`]
    }),
  )
}

function columnLines(
  { expect, sideEffects }: Pick<MigrationBundleSpec, 'expect' | 'sideEffects'>,
  found: MigrationOutcome,
) {
  const tables = [...new Set([...Object.keys(expect.rows), ...Object.keys(found.columns)])].sort()
  return tables.flatMap((table) => {
    const changed = found.columns[table] ?? {}
    const accepted = sideEffects.filter((one) => one.table === table)
    const named = [...(expect.rows[table]?.columns ?? []), ...accepted.flatMap(({ columns }) => columns)]
    const counts = accepted.flatMap(({ columns, rows }) =>
      rows === undefined ? [] : columns.map((column) => ({ column, rows })),
    )
    return [
      ...onlyIn(Object.keys(changed), named).map(
        (column) => `${table}.${column} got other values in ${changed[column]} rows, which is not expected`,
      ),
      // Where no row had to be updated, none of its columns had to change.
      ...(found.rows[table]?.updated || !isRange(expect.rows[table]?.updated)
        ? onlyIn(named, Object.keys(changed))
        : []
      ).map((column) => `${table}.${column} was expected to get other values, and did not`),
      ...counts
        .filter(({ column, rows }) => changed[column] !== undefined && !isExpected(rows, changed[column]))
        .map(
          ({ column, rows }) =>
            `${table}.${column} got other values in ${changed[column]} rows, ${countWords(rows)} expected`,
        ),
    ]
  })
}

/** Returns a line for each distribution with other rows than expected, in whatever order. */
export function compareDistributions(
  expected: { name: string; rows: Json[] }[],
  found: MigrationOutcome['distributions'],
): string[] {
  const have = new Map(found.map(({ name, rows }) => [name, sorted(rows)]))
  return expected.flatMap(({ name, rows }) => {
    const [want, got] = [sorted(rows), have.get(name) ?? []]
    if (canonicalJson(want) === canonicalJson(got)) return []
    return [`distribution ${name} is ${short(got)}, ${short(want)} expected`]
  })
}

/** The rows of a query have no order. */
const sorted = (rows: Json[]) => rows.map(canonicalJson).sort()
const short = (rows: string[]) => {
  const text = rows.join(' ')
  return text.length > 300 ? `${text.slice(0, 300)}…` : text || 'empty'
}

/**
 * Compares two measurements of the same migration, and returns a line for each difference.
 * @param expected the rows of bundle.yaml: a number with a range may differ from the rehearsal within that range
 */
export function compareOutcomes(
  rehearsed: MigrationOutcome,
  found: MigrationOutcome,
  expected: ExpectedRows = {},
): string[] {
  const lines = [
    ...compareExpectedSchema(rehearsed.schema, found.schema),
    ...rowLines(withRanges(rehearsed.rows, expected), found.rows),
    ...compareDistributions(rehearsed.distributions, found.distributions),
  ]
  const varying = Object.keys(expected).filter((table) => isRange(expected[table]!.updated))
  if (canonicalJson(without(varying, rehearsed.columns)) !== canonicalJson(without(varying, found.columns)))
    lines.push('not the same columns got other values as in the rehearsal')
  if (canonicalJson(rehearsed.rewritten) !== canonicalJson(found.rewritten))
    lines.push(
      `it rewrote ${found.rewritten.join(', ') || 'no table'}, not ${rehearsed.rewritten.join(', ') || 'none'}`,
    )
  if (lines.length === 0 && rehearsed.madeDigest !== found.madeDigest)
    lines.push('an object was made with another definition than in the rehearsal')
  return lines
}

/** What was rehearsed, with the ranges of bundle.yaml in place of the numbers that may vary. */
function withRanges(rehearsed: { [table: string]: RowChanges }, expected: ExpectedRows): ExpectedRows {
  const ranges = Object.entries(expected).map(([table, counts]) => {
    const found = rehearsed[table] ?? NONE
    const pick = (how: keyof RowChanges) => (isRange(counts[how]) ? counts[how] : found[how])
    return [table, { inserted: pick('inserted'), updated: pick('updated'), deleted: pick('deleted') }]
  })
  return { ...rehearsed, ...Object.fromEntries(ranges) }
}

const without = <T>(names: string[], all: { [name: string]: T }): { [name: string]: T } =>
  Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)))
