import type { EffectContext } from '../../domain/effect.ts'
import type { Catalogue } from '../../migration/catalogue.ts'
import type { MigrationBundleSpec } from '../../migration/migration-bundle-spec.ts'
import type { BatchesPart } from '../../migration/script-parts.ts'
import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { limitsOf } from './bundle-limits.ts'
import { type CommitNoteName, lockAndProbe, readCommitNote, writeCommitNote } from './commit-probe.ts'
import type { MigrateDeps } from './deps.ts'
import { withLockRetries } from './lock-retries.ts'
import { type BatchProgress, NO_BATCH, repeatBatches, runBatch } from './run-batches.ts'

/** What the note of a batch holds: what counts if it was committed, and what counts if it was not. */
type BatchNote = BatchProgress & { before: BatchProgress }

/**
 * Runs the batches of a part on the target, each in a transaction whose note is written before its commit. So a later attempt finds how far
 * they are, whenever a process ended.
 * @param begin checks the target at the beginning of a batch; `isFirst` until one of this attempt has committed
 * @param end judges and records what a batch touched, before its commit
 */
export async function runNotedBatches(
  deps: Pick<MigrateDeps, 'commitNotes'>,
  context: EffectContext,
  given: {
    database: MigrationDatabase
    spec: MigrationBundleSpec
    name: CommitNoteName
    part: BatchesPart
    what: 'script' | 'rollback'
    readCommitted: () => Promise<Catalogue>
    begin(sql: Sql, isFirst: boolean): Promise<void>
    end(sql: Sql, touched: string[]): Promise<void>
  },
): Promise<BatchProgress> {
  const { database, spec, name, part, what, readCommitted, begin, end } = given
  let isFirst = true
  const batch = async (sql: Sql): Promise<BatchProgress> => {
    const committed = await lockAndProbe(deps, context, name, sql)
    const noted = readCommitNote(deps, context, name) as unknown as BatchNote | null
    const from = committed === null ? (noted?.before ?? NO_BATCH) : (committed as unknown as BatchProgress)
    if (from.ended) return from
    await begin(sql, isFirst)
    const { progress, touched, transactionId } = await runBatch(sql, part, from, readCommitted, what)
    await end(sql, touched)
    const { batches, rows, ended } = from
    const note: BatchNote = { ...progress, before: { batches, rows, ended } }
    await writeCommitNote(deps, context, name, sql, { transactionId, what: note })
    return progress
  }
  return repeatBatches(part, { from: NO_BATCH, signal: context.signal, progress: context.progress }, () =>
    withLockRetries(context, spec, async () => {
      const progress = await database.transaction(context, limitsOf(spec), batch)
      isFirst = false
      return progress
    }),
  )
}
