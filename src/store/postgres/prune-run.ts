import { CutterError } from '../../domain/errors.ts'
import type { PrunedRun } from '../run-store.ts'
import type { Connections } from './connections.ts'
import { runStatements } from './run-statement.ts'

/**
 * Removes a closed run from the store, and keeps a row that says so. Its start key stays used. The function of the schema’s owner does it, because the
 * service can’t delete history.
 * @throws STORE_CONFLICT when the run is not closed at the entry `pruned.head`
 */
export async function pruneRun(connections: Connections, pruned: PrunedRun): Promise<void> {
  const row = await connections.transaction((query) =>
    runStatements(query).get('prune', { pruned: JSON.stringify(pruned) }),
  )
  if ((row?.is_pruned as unknown) === true) return
  const { runId } = pruned
  throw new CutterError('STORE_CONFLICT', `run ${runId} was not pruned: it is not closed at that entry`, {
    next: `cutter run show ${runId}`,
  })
}
