import { performance } from 'node:perf_hooks'
import type { EffectContext } from '../../domain/effect.ts'
import { parseStatements } from '../../migration/sql-statements.ts'
import type { MigrationDatabase, MigrationLimits } from '../../targets/postgres/migration-database.ts'
import { inDiscardedTransaction } from './discarded-transaction.ts'
import { readRehearsedSequences, returnSequences } from './sequence-values.ts'
import { differenceOf, type MeasuredWork, readRelationNames, readWork } from './work-of-transaction.ts'

/** What one statement of a script did when it was tried on the rehearsal database. */
export interface MeasuredStatement extends MeasuredWork {
  /** From 1. */
  number: number
  /** How long the server took. */
  milliseconds: number
}

/**
 * Runs a script statement by statement in a transaction that is rolled back, and measures each. The rehearsal itself sends the script in
 * one message, as the target gets it, so this is a trial of its own. Returns null where a statement fails; then the rehearsal says why.
 * @throws what the signal of the context aborts with
 */
export async function measureStatements(
  database: MigrationDatabase,
  context: EffectContext,
  limits: MigrationLimits,
  script: string,
): Promise<MeasuredStatement[] | null> {
  const parsed = await parseStatements('script', script)
  if ('fault' in parsed) return null
  const sequences = await database.read(context, readRehearsedSequences)
  try {
    return await inDiscardedTransaction(database, context, limits, async (sql) => {
      const names = await readRelationNames(sql)
      await sql.query('set search_path to default')
      const measured: MeasuredStatement[] = []
      let before = await readWork(sql, [...names.keys()])
      for (const { number, text } of parsed.statements) {
        const begun = performance.now()
        await sql.query(text)
        const milliseconds = Math.round((performance.now() - begun) * 10) / 10
        const after = await readWork(sql)
        measured.push({ number, milliseconds, ...differenceOf(names, before, after) })
        before = { ...after, storage: new Map([...before.storage, ...after.storage]) }
      }
      return measured
    })
  } catch {
    context.signal.throwIfAborted()
    return null
  } finally {
    // A rollback does not return sequences to their values.
    await returnSequences(database, context, limits, sequences)
  }
}
