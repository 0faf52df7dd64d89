import type { Home } from '../../app/open-home.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertUnlimited } from '../access/scope.ts'
import { type BatchAnswer, batchAnswer, readBatchRows } from './batch-answer.ts'
import { loadBatch } from './batch-file.ts'

/**
 * Shows a batch with the state of each document.
 * @param given.batch id, or a unique prefix or suffix of one; left out: the only batch
 * @throws INPUT_REFUSED when no batch matches or its file can't be read, USAGE when several match
 */
export async function showBatch(home: Home, given: { batch?: string | undefined }): Promise<BatchAnswer> {
  assertRole(home, 'show batches')
  assertUnlimited(home, 'show batches')
  const batch = loadBatch(home.folder, given.batch)
  return batchAnswer(batch, await readBatchRows(home.store, batch))
}
