import { resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { osUser } from '../../app/os-user.ts'
import { findWritableByOthers, findWritableByThisProcess } from '../../approvals/file-permissions.ts'
import { systemClock } from '../../domain/clock.ts'
import { CutterError } from '../../domain/errors.ts'
import { shellQuote } from '../../domain/shell-quote.ts'
import { assertServiceStopped } from '../access/service-lock.ts'
import { assertFileStore } from './assert-file-store.ts'
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
 * @throws FILES_UNSAFE with `approvals.strict: owner`, when an operator could have made the file
 * @throws INPUT_REFUSED when the file is not a store, STORE_CONFLICT when entries would be lost or another process has the store open
 */
export async function restoreStore(home: Home, given: RestoreStoreInput): Promise<StoreReplacement> {
  const { discardNewer } = given
  assertServiceStopped(home.folder, 'restored')
  await assertFileStore(home, 'restore')
  const from = resolve(home.cwd, given.from)
  if ((await home.config()).approvals.strict === 'owner') assertMadeByRoot(from)
  return replaceStore(home.folder, from, { discardNewer, at: systemClock.now(), by: osUser() })
}

/**
 * A store says which runs have passed their gates. Its chains hold also when somebody made them under approvers of their own, so root
 * must vouch for the file.
 */
function assertMadeByRoot(file: string): void {
  const uid = process.geteuid?.()
  if (uid === undefined) return
  const byUs = uid === 0 ? null : findWritableByThisProcess(file, uid, 'bring runs that passed no gate here')
  const fault = findWritableByOthers(file, uid) ?? byUs
  if (fault === null) return
  throw new CutterError('FILES_UNSAFE', `${fault.message}; nothing was restored`, {
    next: `as root, once you know where it is from: copy ${shellQuote(file)} into a folder of root, and restore that`,
    data: { file },
  })
}
