import type { EffectContext } from '../../domain/effect.ts'
import type { Catalogue } from '../../migration/catalogue.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { MigrationDatabase, MigrationLimits } from '../../targets/postgres/migration-database.ts'
import { inDiscardedTransaction } from './discarded-transaction.ts'
import { readAtSavepoint } from './read-at-savepoint.ts'
import { readCatalogue } from './read-catalogue.ts'
import { runGuarded } from './run-guarded.ts'
import { readSharedObjects } from './shared-objects.ts'

/**
 * Runs rollback.sql in a transaction that is rolled back, so that the rehearsal database stays migrated. Returns the catalogue
 * after the rollback, and the relations and schemas that it touched.
 * @throws STOP_MIGRATION_FAILED, STOP_RESULT_DIFFERS as `runGuarded` does
 */
export async function tryRollback(
  database: MigrationDatabase,
  context: EffectContext,
  limits: MigrationLimits,
  bundle: MigrationBundle,
): Promise<{ after: Catalogue; touched: string[] }> {
  return inDiscardedTransaction(database, context, limits, async (sql) => {
    const { touched } = await runGuarded(sql, bundle.rollbackScript, 'rollback', () =>
      database.read(context, readSharedObjects),
    )
    return { after: await readAtSavepoint(sql, () => readCatalogue(sql)), touched }
  })
}
