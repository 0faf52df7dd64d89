import { Stop } from '../../domain/errors.ts'
import { type Catalogue, compareSchemas, digestMadeDefinitions } from '../../migration/catalogue.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { MigrationOutcome } from '../../migration/migration-outcome.ts'
import type { Sql } from '../../targets/target.ts'
import type { Ask } from './ask-check.ts'
import { queryDistribution } from './migration-checks.ts'
import { findRecreatedObjects, type ObjectIdentities, readObjectIdentities } from './recreated-objects.ts'
import { type DistinctValues, measureRowChanges, type RowsBefore } from './row-changes.ts'

/**
 * Measures what a script did, in the transaction in which it ran. `values` are only reported: a clock gives others on each server.
 * @param before what was read right before the script; `readScoped` reads the catalogue with the same scope as `catalogue`; `ask` asks a check;
 *   `apart` names objects whose definitions the caller compares
 * @throws STOP_RESULT_DIFFERS when a distribution can't be read, or the counts of rows contradict each other
 */
export async function measureOutcome(
  sql: Sql,
  bundle: MigrationBundle,
  before: {
    catalogue: Catalogue
    readScoped(): Promise<Catalogue>
    identities: ObjectIdentities
    rows: RowsBefore
    ask: Ask
    apart: string[]
  },
): Promise<{ outcome: MigrationOutcome; values: DistinctValues }> {
  const made = findRecreatedObjects(before.identities, await readObjectIdentities(sql))
  const existed = (name: string) => before.catalogue.objects[name] !== undefined
  const recreated = made.recreated.filter(existed)
  const rewritten = made.rewritten.filter((table) => existed(`table ${table}`))
  const { rows, columns, values } = await measureRowChanges(sql, before.rows, rewritten)
  const after = await before.readScoped()
  const schema = compareSchemas(before.catalogue, after)
  const distributions: MigrationOutcome['distributions'] = []
  for (const distribution of bundle.distributions) {
    const answer = await queryDistribution(sql, distribution, before.ask)
    if ('refused' in answer) throw resultDiffersError([answer.refused])
    distributions.push(answer)
  }
  const outcome = {
    schema: { ...schema, changed: [...new Set([...schema.changed, ...recreated])].sort() },
    rows,
    rewritten,
    columns,
    distributions,
    madeDigest: digestMadeDefinitions(before.catalogue, after, before.apart),
  }
  return { outcome, values }
}

/** Builds the stop for an outcome that differs from the expectations or from the rehearsal, one line per difference. */
export function resultDiffersError(lines: string[]): Stop {
  return new Stop(
    'STOP_RESULT_DIFFERS',
    `the migration did not do what was expected: ${lines.slice(0, 5).join('; ')}; the transaction was rolled back`,
    {
      next: 'correct the script or the expectations in a new migration bundle, then start another run',
      data: { differences: lines.slice(0, 100) },
    },
  )
}
