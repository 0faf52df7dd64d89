import { resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { osUser } from '../../app/os-user.ts'
import { systemClock } from '../../domain/clock.ts'
import { replaceStore, type StoreReplacement } from './store-copies.ts'

export interface RestoreStoreInput {
  /** Path of a file that `store backup` wrote. */
  from: string
  /** Restore it although the present store holds entries that the backup lacks. */
  discardNewer: boolean
}

/**
 * Replaces the store by a backup, and keeps the present one next to it. Does not open the present store first, because it may be
 * the one that can't be opened. `faults` names the runs of the backup that do not hold.
 * @throws INPUT_REFUSED when the file is not a store, STORE_CONFLICT when entries would be lost or another process has the store open
 */
export async function restoreStore(home: Home, given: RestoreStoreInput): Promise<StoreReplacement> {
  const { from, discardNewer } = given
  return replaceStore(home.folder, resolve(home.cwd, from), {
    discardNewer,
    at: systemClock.now(),
    by: osUser(),
  })
}
