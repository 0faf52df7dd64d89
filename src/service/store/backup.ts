import type { Home } from '../../app/open-home.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertUnlimited } from '../access/scope.ts'
import { type Output, writeOutput } from '../write-output.ts'
import { assertFileStore } from './assert-file-store.ts'
import { copyStore, type StoreCopy } from './store-copies.ts'

/**
 * Writes a copy of the store to a file that does not exist yet, or hands it over. Opens it and checks every run in it. The backup is what `--json`
 * prints; `faults` names the runs that do not hold.
 * @throws INPUT_REFUSED when the file exists or can't be written, or the store is no file, STORE_CORRUPT when a page of the copy can't be read
 */
export async function backUpStore(home: Home, { out }: { out: Output }): Promise<StoreCopy> {
  assertRole(home, 'copy the store')
  assertUnlimited(home, 'copy the store')
  await assertFileStore(home, 'backup')
  return writeOutput(home, out, async (file) => {
    // Makes the store where there is none yet, and refuses one that can't be used.
    await home.store.hold()
    return copyStore(home.folder, file)
  })
}
