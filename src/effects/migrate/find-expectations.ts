import type { EffectContext } from '../../domain/effect.ts'
import type { Catalogue } from '../../migration/catalogue.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { MigrationBundleFiles } from '../../migration/migration-bundle-spec.ts'
import type { MigrationOutcome } from '../../migration/migration-outcome.ts'
import { NO_WAY_BACK, preflightOf, rollbackOf, verifyOf } from '../../migration/missing-files.ts'
import { type ProposedExpectations, proposeExpectations } from '../../migration/propose-expectations.ts'
import { parseStatements, type SqlStatement } from '../../migration/sql-statements.ts'
import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { applyInTransaction } from './apply-in-transaction.ts'
import { limitsOf } from './bundle-limits.ts'
import { inDiscardedTransaction } from './discarded-transaction.ts'
import { type Draft, withMadeFiles } from './propose-draft.ts'
import { readCatalogue } from './read-catalogue.ts'
import { rehearseMigration } from './rehearse-migration.ts'
import { runScript } from './run-script.ts'
import { readRehearsedSequences, returnSequences } from './sequence-values.ts'
import { readSharedObjects } from './shared-objects.ts'

/** What a rehearsal without expectations found, and the accepted differences that the plan of a run will show. */
interface Found {
  draft: Draft
  expectations: ProposedExpectations
  deviations: string[]
}

/**
 * Counts rows in a transaction that is rolled back, because only tables that are known to change have their columns compared, and makes the
 * missing files of what it did. Then rehearses with them; the rehearsal database is migrated afterwards.
 */
export async function findExpectations(
  database: MigrationDatabase,
  context: EffectContext,
  given: Draft,
  source: Catalogue,
): Promise<Found> {
  if (given.bundle.parts !== undefined) return findExpectationsOfParts(database, context, given, source)
  const limits = limitsOf(given.bundle.spec)
  const catalogue = await database.read(context, readCatalogue)
  const sequences = await database.read(context, readRehearsedSequences)
  const statements = await statementsOf(given.bundle)
  const counted = await inDiscardedTransaction(database, context, limits, async (sql) => {
    const { outcome } = await applyInTransaction(sql, {
      bundle: given.bundle,
      catalogue,
      rehearsed: null,
      proposes: true,
      apart: [],
      readCommitted: () => database.read(context, readSharedObjects),
    })
    return { outcome, made: await makeFiles(sql, given, outcome, statements) }
  })
  await returnSequences(database, context, limits, sequences)
  const draft = await withMadeFiles(given, counted.made)
  const rows = Object.fromEntries(
    Object.entries(counted.outcome.rows).map(([table, changes]) => [table, { ...changes, columns: [] }]),
  )
  const { bundle } = draft
  const watched = { ...bundle, spec: { ...bundle.spec, expect: { ...bundle.spec.expect, rows } } }
  const { rehearsal, moved } = await rehearseMigration(database, context, watched, source, { proposes: true })
  const expectations = proposed(draft, statements, { outcome: rehearsal.total, moved })
  return { draft, expectations, deviations: rehearsal.deviations ?? [] }
}

/** What runs outside of a transaction can't be tried before, so that each part counts its own rows, and missing files are made afterwards. */
async function findExpectationsOfParts(
  database: MigrationDatabase,
  context: EffectContext,
  given: Draft,
  source: Catalogue,
): Promise<Found> {
  const limits = limitsOf(given.bundle.spec)
  const statements = await statementsOf(given.bundle)
  const { rehearsal, moved } = await rehearseMigration(database, context, given.bundle, source, {
    proposes: true,
  })
  const made = await inDiscardedTransaction(database, context, limits, (sql) =>
    makeFiles(sql, given, rehearsal.total, []),
  )
  const draft = await withMadeFiles(given, made)
  const expectations = proposed(draft, statements, { outcome: rehearsal.total, moved })
  return { draft, expectations, deviations: rehearsal.deviations ?? [] }
}

function proposed(
  { authored: { sideEffects, rows }, bundle: { spec } }: Draft,
  statements: SqlStatement[],
  found: Parameters<typeof proposeExpectations>[2],
): ProposedExpectations {
  return proposeExpectations({ ...spec, sideEffects, expect: { ...spec.expect, rows } }, statements, found)
}

async function statementsOf({ spec, texts }: MigrationBundle): Promise<SqlStatement[]> {
  const parsed = await parseStatements(spec.migration.file, texts[spec.migration.file]!)
  return 'statements' in parsed ? parsed.statements : []
}

/** Makes the missing files in the transaction of the script. A way back that the server refuses there is none. */
async function makeFiles(
  sql: Sql,
  { bundle: { spec }, missing }: Draft,
  { schema, rows }: MigrationOutcome,
  statements: SqlStatement[],
): Promise<MigrationBundleFiles> {
  const alone = new Set(spec.nonTransactional)
  const indexes = statements.flatMap(({ number, kind, node }) =>
    alone.has(number) && kind === 'IndexStmt' && typeof node.idxname === 'string'
      ? [`"${node.idxname.replaceAll('"', '""')}"`]
      : [],
  )
  const made: MigrationBundleFiles = {}
  for (const name of missing) {
    if (name === spec.preflight) made[name] = preflightOf(schema)
    else if (name === spec.verify) made[name] = verifyOf(schema)
    else {
      const text = rollbackOf(schema, rows, indexes)
      made[name] = (await isAccepted(sql, text)) ? text : NO_WAY_BACK
    }
  }
  return made
}

/** Tries a rollback at a savepoint. */
async function isAccepted(sql: Sql, text: string): Promise<boolean> {
  await sql.query('savepoint cutter_try')
  try {
    await runScript(sql, text, 'rollback')
    return true
  } catch {
    return false
  } finally {
    await sql.query('rollback to savepoint cutter_try; release savepoint cutter_try')
  }
}
