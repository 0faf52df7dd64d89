import { setTimeout as sleep } from 'node:timers/promises'
import { Stop } from '../../domain/errors.ts'
import type { Catalogue } from '../../migration/catalogue.ts'
import type { MigrationOutcome } from '../../migration/migration-outcome.ts'
import type { BatchesPart } from '../../migration/script-parts.ts'
import type { Sql } from '../../targets/target.ts'
import { addRows } from './part-outcome.ts'
import { readRowStatistics, rowsSince } from './row-changes.ts'
import { runGuarded } from './run-guarded.ts'

/**
 * A statement that is repeated until it changes no row, such as a back-fill. Each repetition finds what those before it left, so that nothing
 * is lost or done twice when a process ends between two of them, or in one.
 */

/** How far the batches are. Saved in the note before the commit of each. */
export interface BatchProgress {
  /** Batches that changed rows. */
  batches: number
  rows: MigrationOutcome['rows']
  /** Whether the last repetition changed no row. */
  ended: boolean
}

export const NO_BATCH: BatchProgress = { batches: 0, rows: {}, ended: false }

/**
 * Runs one batch in the current transaction.
 * @returns how far the batches are if it commits
 * @throws STOP_RESULT_DIFFERS when it changes more rows than declared, or is one more than declared
 */
export async function runBatch(
  sql: Sql,
  part: BatchesPart,
  before: BatchProgress,
  readCommitted: () => Promise<Catalogue>,
  what: 'script' | 'rollback' = 'script',
): Promise<{ progress: BatchProgress; touched: string[]; transactionId: string }> {
  const statistics = await readRowStatistics(sql)
  const { touched, transactionId } = await runGuarded(sql, part.text, what, readCommitted)
  const rows = rowsSince(statistics, await readRowStatistics(sql))
  const ended = Object.keys(rows).length === 0
  if (!ended) assertWithin(part, before, rows)
  const progress = ended
    ? { ...before, ended }
    : { batches: before.batches + 1, rows: addRows([before.rows, rows]), ended }
  return { progress, touched, transactionId }
}

function assertWithin(
  { number, rows: most, atMost }: BatchesPart,
  { batches }: BatchProgress,
  rows: MigrationOutcome['rows'],
): void {
  if (batches >= atMost)
    throw batchError(
      `statement ${number} still changes rows after ${atMost} batches, the most that are declared`,
      'let the statement leave out the rows that it has changed, or declare more batches, in a new migration bundle',
    )
  for (const [table, { inserted, updated, deleted }] of Object.entries(rows)) {
    const changed = Math.max(inserted, updated, deleted)
    if (changed > most)
      throw batchError(
        `a batch of statement ${number} changes ${changed} rows of ${table}, ${most} are declared`,
        'limit the rows of the statement, or declare more, in a new migration bundle',
      )
  }
}

const batchError = (message: string, next: string) =>
  new Stop('STOP_RESULT_DIFFERS', `${message}; the batch was rolled back`, { next })

/**
 * Repeats batches until one changes nothing.
 * @param batch runs one and commits it
 */
export async function repeatBatches(
  part: BatchesPart,
  given: { from: BatchProgress; signal: AbortSignal; progress?(text: string): void },
  batch: (before: BatchProgress) => Promise<BatchProgress>,
): Promise<BatchProgress> {
  for (let now = given.from; ; ) {
    if (now.ended) return now
    now = await batch(now)
    if (now.ended) return now
    given.progress?.(`statement ${part.number}: ${now.batches} of at most ${part.atMost} batches`)
    if (part.pauseSeconds > 0) await sleep(part.pauseSeconds * 1_000, undefined, { signal: given.signal })
  }
}
