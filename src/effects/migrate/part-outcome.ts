import {
  type Catalogue,
  compareSchemas,
  digestMadeDefinitions,
  withPatches,
} from '../../migration/catalogue.ts'
import { isRange } from '../../migration/expected-count.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { MigrationOutcome, RowChanges } from '../../migration/migration-outcome.ts'
import type { PartOutcome } from './rehearsal-result.ts'

/** The catalogue that the target has after these parts, in the source's own definitions. */
export const expectedAfter = (source: Catalogue, done: Pick<PartOutcome, 'patch'>[]): Catalogue =>
  withPatches(
    done.map(({ patch }) => patch),
    source,
  )

/** Rows of several parts, by table. */
export function addRows(all: { [table: string]: RowChanges }[]): { [table: string]: RowChanges } {
  const sums: { [table: string]: RowChanges } = {}
  for (const rows of all)
    for (const [table, { inserted, updated, deleted }] of Object.entries(rows)) {
      const sum = sums[table] ?? { inserted: 0, updated: 0, deleted: 0 }
      sums[table] = {
        inserted: sum.inserted + inserted,
        updated: sum.updated + updated,
        deleted: sum.deleted + deleted,
      }
    }
  return Object.fromEntries(Object.entries(sums).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * The outcome of all parts. Columns that the migration itself adds have no other values afterwards, because they had none.
 * @param inside the outcome of the first transaction
 */
export function totalOfParts(
  inside: MigrationOutcome,
  parts: PartOutcome[],
  found: {
    copy: Catalogue
    after: Catalogue
    apart: string[]
    distributions: MigrationOutcome['distributions']
  },
): MigrationOutcome {
  const { copy, after, apart, distributions } = found
  const outcomes = [inside, ...parts.flatMap(({ outcome }) => outcome ?? [])]
  const schema = compareSchemas(copy, after)
  const existed = (name: string) => copy.objects[name] !== undefined && after.objects[name] !== undefined
  const recreated = outcomes.flatMap((one) => one.schema.changed).filter(existed)
  const columns: MigrationOutcome['columns'] = {}
  for (const { columns: some } of outcomes)
    for (const [table, changed] of Object.entries(some))
      for (const [column, n] of Object.entries(changed)) {
        if (!existed(`column ${table}.${column}`)) continue
        columns[table] = { ...columns[table], [column]: (columns[table]?.[column] ?? 0) + n }
      }
  return {
    schema: { ...schema, changed: [...new Set([...schema.changed, ...recreated])].sort() },
    rows: addRows(outcomes.map(({ rows }) => rows)),
    rewritten: [...new Set(outcomes.flatMap(({ rewritten }) => rewritten))].sort(),
    columns,
    distributions,
    madeDigest: digestMadeDefinitions(copy, after, apart),
  }
}

type ExpectedRows = MigrationBundle['spec']['expect']['rows']

/**
 * The ranges of bundle.yaml for one part: they are of all parts together, so that one alone may change fewer rows.
 * @param rehearsed the rows that the part changed in the rehearsal
 */
export function rangesForPart(expected: ExpectedRows, rehearsed: MigrationOutcome['rows']): ExpectedRows {
  return Object.fromEntries(
    Object.entries(expected).flatMap(([table, counts]) => {
      const found = rehearsed[table]
      if (found === undefined) return []
      const ofPart = (how: keyof RowChanges) => {
        const wanted = counts[how]
        if (!isRange(wanted) || found[how] === 0) return found[how]
        return wanted.max === undefined ? { min: 0 } : { min: 0, max: wanted.max }
      }
      const ranges = { inserted: ofPart('inserted'), updated: ofPart('updated'), deleted: ofPart('deleted') }
      return [[table, { ...counts, ...ranges }]]
    }),
  )
}

/**
 * The bundle for one part on the target: only tables whose rows the part changed in the rehearsal are watched, because watching keeps others
 * from writing. The distributions are asked at the end.
 */
export function bundleForPart(bundle: MigrationBundle, rows: { [table: string]: unknown }): MigrationBundle {
  const { expect } = bundle.spec
  const watched = Object.fromEntries(
    Object.entries(expect.rows).filter(([table]) => rows[table] !== undefined),
  )
  return { ...bundle, distributions: [], spec: { ...bundle.spec, expect: { ...expect, rows: watched } } }
}
