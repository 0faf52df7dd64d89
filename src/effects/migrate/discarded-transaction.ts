import type { EffectContext } from '../../domain/effect.ts'
import type { MigrationDatabase, MigrationLimits } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'

/** Thrown to leave the transaction with a result. */
class Discarded<T> {
  readonly value: T
  constructor(value: T) {
    this.value = value
  }
}

/** Works in a transaction that may write and that is rolled back, so that nothing of it remains. */
export async function inDiscardedTransaction<T>(
  database: MigrationDatabase,
  context: EffectContext,
  limits: MigrationLimits,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  try {
    return await database.transaction(context, limits, async (sql) => {
      throw new Discarded(await work(sql))
    })
  } catch (error) {
    if (error instanceof Discarded) return error.value as T
    throw error
  }
}
